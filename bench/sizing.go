package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// starts is how often the function's executable is started.
const starts = 21

// measureStart starts it, and hands it a batch of nothing.
func (b *bench) measureStart(ctx context.Context, pack string) error {
	var ready, answered, memory []float64
	for range starts {
		p, err := b.place(ctx)
		if err != nil {
			return err
		}
		var at readiness
		i, err := newInstance(pack, os.DevNull, p.settings(), at.now)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := i.invoke(ctx, b.cores, []byte(`{"Records":[]}`)); err != nil {
			return err
		}
		answered = append(answered, time.Since(began).Seconds())
		ready = append(ready, at.at.Sub(began).Seconds())
		peak, err := peakMemory(i.function.Processes()[0])
		if err != nil {
			return err
		}
		memory = append(memory, float64(peak)/1e6)
		if err := i.close(); err != nil {
			return err
		}
	}
	b.results.Start = start{starts, median(ready), slices.Max(ready), median(answered), median(memory)}
	return nil
}

// sizing is what a function needs for a tree.
type sizing struct {
	files            int
	function, worker float64 // MB, the worst case's
	settings         []setting
	least            int // the smallest setting that has room
}

// setting is a memory setting and how long a cold run takes with it.
type setting struct {
	mb      int
	seconds float64
}

// settingsMB are the memory settings that people choose from.
func settingsMB() []int { return []int{128, 256, 512, 1024, lambdaMemory} }

// room is how much of a setting may be used: the rest is for Lambda's own, and for trees that are not like these.
const room = 0.7

// sizings are made of dagferry's rows. Below 1,769 MB a function has that part of a core; the times are computed from the
// processor time, not measured.
func (r *results) sizings() []sizing {
	var all []sizing
	for _, files := range r.sizes() {
		s := sizing{files: files}
		for _, c := range r.Rows {
			if c.Way == "dagferry" && c.Files == files {
				s.function, s.worker = max(s.function, c.RSSMB-c.WorkerMB), max(s.worker, c.WorkerMB)
			}
		}
		first := r.find("dagferry", files, cold)
		if first == nil {
			continue
		}
		for _, mb := range settingsMB() {
			if s.function+s.worker > room*float64(mb)*1.048576 {
				continue
			}
			if s.least == 0 {
				s.least = mb
			}
			s.settings = append(s.settings, setting{mb, first.WallS + first.CPUS*(float64(lambdaMemory)/float64(mb)-1)})
		}
		all = append(all, s)
	}
	return all
}

func (r *results) printSizing(out io.Writer) error {
	fmt.Fprintf(out, "start of the function's executable (%d times): to the first request for an event %.0f ms (slowest %.0f ms), to the first answer %.0f ms, %.0f MB\n",
		r.Start.Rounds, r.Start.ReadyS*1000, r.Start.ReadySlowest*1000, r.Start.AnswerS*1000, r.Start.MB)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "files\tfunction MB\tinterpreter MB\tleast setting MB\tcold run with it s\twith 1769 MB s\t")
	for _, s := range r.sizings() {
		if len(s.settings) > 0 {
			fmt.Fprintf(table, "%d\t%.0f\t%.0f\t%d\t%.1f\t%.1f\t\n", s.files, s.function, s.worker, s.least, s.settings[0].seconds, s.settings[len(s.settings)-1].seconds)
		}
	}
	return table.Flush()
}

func (r *results) markdownSizing() string {
	var b strings.Builder
	fmt.Fprintf(&b, "From the start of the executable to its first request for an event: %.0f ms, the slowest of %d starts %.0f ms; to the answer to a batch of nothing "+
		"%.0f ms, with %.0f MB.\n\n", r.Start.ReadyS*1000, r.Start.Rounds, r.Start.ReadySlowest*1000, r.Start.AnswerS*1000, r.Start.MB)
	b.WriteString("| files | function | interpreter | least setting |")
	for _, mb := range settingsMB() {
		fmt.Fprintf(&b, " cold run at %s MB |", thousands(mb))
	}
	fmt.Fprintf(&b, "\n|%s\n", strings.Repeat("---:|", 4+len(settingsMB())))
	for _, s := range r.sizings() {
		fmt.Fprintf(&b, "| %s | %.0f MB | %.0f MB | %s MB |", thousands(s.files), s.function, s.worker, thousands(s.least))
		for _, mb := range settingsMB() {
			i := slices.IndexFunc(s.settings, func(x setting) bool { return x.mb == mb })
			if i < 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&b, " %s s |", seconds(s.settings[i].seconds))
		}
		b.WriteString("\n")
	}
	return b.String()
}
