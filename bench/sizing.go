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
	choose           int // of the settings
}

// setting is a memory setting that has room, and what is computed for it: the seconds of a first deploy, and of one with a
// file changed on a cold instance, and what a thousand of the latter cost.
type setting struct {
	mb         int
	first, one float64
	usd        float64
}

// settingsMB are the memory settings that people choose from.
func settingsMB() []int { return []int{128, 256, 512, 1024, lambdaMemory} }

const (
	// room is how much of a setting may be used: the rest is for Lambda's own, and for trees that are not like these.
	room = 0.7
	// gatherBudget is syncer.LambdaBudgets' in seconds: what a first deploy has before its lease ends.
	gatherBudget = 150
)

// at computes a setting. Below 1,769 MB a function has that part of a core, so that its processor time takes the longer.
func at(mb int, first, one *row) setting {
	slower := float64(lambdaMemory)/float64(mb) - 1
	s := setting{mb: mb, first: first.WallS + first.CPUS*slower, one: one.WallS + one.CPUS*slower}
	asked := tally{Get: one.Get, List: one.List, Head: one.Head, Put: one.Put, Record: one.Record}
	s.usd = usdPer1000(s.one*float64(mb)/lambdaMemory, asked)
	return s
}

// sizings are made of dagferry's rows. The setting to choose is the smallest with which a changed file takes at most
// twice as long as with a whole core.
func (r *results) sizings() []sizing {
	var all []sizing
	for _, files := range r.sizes() {
		s := sizing{files: files}
		for _, c := range r.Rows {
			if c.Way == "dagferry" && c.Files == files {
				s.function, s.worker = max(s.function, c.RSSMB-c.WorkerMB), max(s.worker, c.WorkerMB)
			}
		}
		first, one := r.find("dagferry", files, cold), r.find("dagferry", files, oneChangeCold)
		if first == nil || one == nil {
			continue
		}
		for _, mb := range settingsMB() {
			const mbOfSetting = 1.048576 // a setting's MB are 2²⁰ bytes
			if s.function+s.worker <= room*float64(mb)*mbOfSetting {
				s.settings = append(s.settings, at(mb, first, one))
			}
		}
		s.choose = slices.IndexFunc(s.settings, func(x setting) bool { return x.one <= 2*one.WallS && x.first <= gatherBudget })
		if s.choose >= 0 {
			all = append(all, s)
		}
	}
	return all
}

func (r *results) printSizing(out io.Writer) error {
	fmt.Fprintf(out, "start of the function's executable (%d times): to the first request for an event %.0f ms (slowest %.0f ms), to the first answer %.0f ms, %.0f MB\n",
		r.Start.Rounds, r.Start.ReadyS*1000, r.Start.ReadySlowest*1000, r.Start.AnswerS*1000, r.Start.MB)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "files\tfunction MB\tinterpreter MB\tleast setting\tchoose\tfirst deploy s\tone file s\t$/1000\t")
	for _, s := range r.sizings() {
		c := s.settings[s.choose]
		fmt.Fprintf(table, "%d\t%.0f\t%.0f\t%d\t%d\t%.1f\t%.1f\t%.3f\t\n", s.files, s.function, s.worker, s.settings[0].mb, c.mb, c.first, c.one, c.usd)
	}
	return table.Flush()
}

func (r *results) markdownSizing() string {
	var b strings.Builder
	fmt.Fprintf(&b, "From the start of the executable to its first request for an event: %.0f ms, the slowest of %d starts %.0f ms; to the answer to a batch of nothing "+
		"%.0f ms, with %.0f MB.\n\n", r.Start.ReadyS*1000, r.Start.Rounds, r.Start.ReadySlowest*1000, r.Start.AnswerS*1000, r.Start.MB)
	b.WriteString("| files | function | interpreter | least setting | **choose** |")
	for _, mb := range settingsMB() {
		fmt.Fprintf(&b, " at %s MB |", thousands(mb))
	}
	fmt.Fprintf(&b, "\n|%s\n", strings.Repeat("---:|", 5+len(settingsMB())))
	for _, s := range r.sizings() {
		fmt.Fprintf(&b, "| %s | %.0f MB | %.0f MB | %s MB | **%s MB** |", thousands(s.files), s.function, s.worker,
			thousands(s.settings[0].mb), thousands(s.settings[s.choose].mb))
		for _, mb := range settingsMB() {
			i := slices.IndexFunc(s.settings, func(x setting) bool { return x.mb == mb })
			if i < 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&b, " %s s, %s s, $%.3f |", seconds(s.settings[i].first), seconds(s.settings[i].one), s.settings[i].usd)
		}
		b.WriteString("\n")
	}
	return b.String()
}
