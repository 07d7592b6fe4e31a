package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// entry is a way in the order in which people are shown it.
type entry struct{ name, label string }

// order is that of the ways.
func order() []entry {
	all := []entry{{"dagferry", "dagferry"}}
	for _, w := range (tools{}).peers() {
		all = append(all, entry{w.name, w.label})
	}
	return all
}

// measured are the ways that have rows.
func (r *results) measured() []entry {
	return slices.DeleteFunc(order(), func(e entry) bool {
		return !slices.ContainsFunc(r.Rows, func(c row) bool { return c.Way == e.name })
	})
}

func (r *results) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "files\tcase\tway\twall s\t± s\tcpu s\trss MB\tget\tlist\thead\tput\tMB\t$/1000\trounds\t")
	for _, files := range r.sizes() {
		for _, in := range []string{cold, oneChangeCold, warm} {
			for _, e := range r.measured() {
				c := r.find(e.name, files, in)
				if over, is := r.over(e.name, files); is {
					fmt.Fprintf(table, "%d\t%s\t%s\t> %.0f\t\t\t\t\t\t\t\t\t\t\t\n", files, in, e.name, over)
				}
				if c == nil || c.SameAs != "" {
					continue
				}
				fmt.Fprintf(table, "%d\t%s\t%s\t%.3f\t%.3f\t%.3f\t%.0f\t%d\t%d\t%d\t%d\t%.1f\t%.3f\t%d\t\n", files, in, e.name, c.WallS, c.SpreadS/2, c.CPUS, c.RSSMB,
					c.Get, c.List, c.Head, c.Put+c.Record, c.MB, c.USDPer1000, c.Rounds)
			}
		}
	}
	return table.Flush()
}

// markdown is the table of a case: seconds by size, and what else is told at the largest size that all reached.
func (r *results) markdown(in string) string {
	var b strings.Builder
	sizes := r.sizes()
	b.WriteString("| way |")
	for _, n := range sizes {
		fmt.Fprintf(&b, " %s files |", thousands(n))
	}
	at := sizes[len(sizes)-1]
	for _, n := range sizes {
		if n <= 5000 {
			at = n
		}
	}
	fmt.Fprintf(&b, " at %s: CPU | memory | requests | $ per 1,000 |\n|---|%s\n", thousands(at), strings.Repeat("---:|", len(sizes)+4))
	ours := r.find("dagferry", at, in)
	for _, e := range r.measured() {
		fmt.Fprintf(&b, "| %s |", bold(e, e.label))
		for _, n := range sizes {
			fmt.Fprintf(&b, " %s |", bold(e, r.seconds(e.name, n, in)))
		}
		c := r.find(e.name, at, in)
		if c == nil {
			b.WriteString(" | | | |\n")
			continue
		}
		times := ""
		if ours != nil && e.name != "dagferry" {
			times = fmt.Sprintf(" (%.1f×)", c.CPUS/ours.CPUS)
		}
		fmt.Fprintf(&b, " %.2f s%s | %.0f MB | %s | %.3f |\n", c.CPUS, times, c.RSSMB, thousands(c.requests()), c.USDPer1000)
	}
	return b.String()
}

// markdownSteps is where dagferry's time goes at the largest size, by case.
func (r *results) markdownSteps() string {
	sizes := r.sizes()
	var b strings.Builder
	b.WriteString("| step |")
	var rows []*row
	for _, files := range sizes[max(len(sizes)-2, 0):] {
		for _, in := range []string{cold, oneChangeCold, warm} {
			if c := r.find("dagferry", files, in); c != nil {
				rows = append(rows, c)
				fmt.Fprintf(&b, " %s, %s |", thousands(files), in)
			}
		}
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---:|", len(rows)))
	var names []string
	for _, c := range rows {
		for _, s := range c.Steps {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	for _, name := range names {
		fmt.Fprintf(&b, "| %s |", name)
		for _, c := range rows {
			fmt.Fprintf(&b, " %.3f |", c.step(name))
		}
		b.WriteString("\n")
	}
	b.WriteString("| all, with the process's start and the record |")
	for _, c := range rows {
		fmt.Fprintf(&b, " %.3f |", c.WallS)
	}
	return b.String() + "\n"
}

// seconds are a way's, and how many times as many as dagferry's.
func (r *results) seconds(way string, files int, in string) string {
	if over, is := r.over(way, files); is {
		return fmt.Sprintf("> %.0f", over)
	}
	c := r.find(way, files, in)
	if c == nil {
		return "–"
	}
	told := seconds(c.WallS)
	if ours := r.find("dagferry", files, in); ours != nil && way != "dagferry" {
		told += fmt.Sprintf(" (%s×)", digits(c.WallS/ours.WallS))
	}
	return told
}

func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f", s)
	}
	return fmt.Sprintf("%.0f", s)
}

// digits are two, or all before the point.
func digits(x float64) string {
	if x < 10 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

func bold(e entry, s string) string {
	if e.name == "dagferry" {
		return "**" + s + "**"
	}
	return s
}

// thousands has a comma.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
