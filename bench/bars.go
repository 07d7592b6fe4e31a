package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// bar is one of performance.md's, held to the rows.
type bar struct {
	Bar   string `json:"bar"`
	Files int    `json:"files,omitempty"`
	Want  string `json:"want"`
	Got   string `json:"got"`
	Met   bool   `json:"met"`
	// Shared says that a ratio is met by the part of the run that the others do as well.
	Shared bool `json:"shared,omitempty"`
}

// verdict is how a bar came out, in words.
func (b bar) verdict() string {
	switch {
	case b.Met:
		return "met"
	case b.Shared:
		return "met for the same work"
	default:
		return "not met"
	}
}

const (
	// partKeys is how many keys a part of a listing has, that is listed in parts; from partsFrom on it is.
	partKeys  = 900
	partsFrom = 1500
	pageKeys  = 1000
)

// pages is how many pages one listing has: P in the bars.
func pages(files int) int {
	per := pageKeys
	if files >= partsFrom {
		per = partKeys
	}
	return (files + per - 1) / per
}

// judge makes the bars of what was measured.
func (r *results) judge() []bar {
	var bars []bar
	for _, files := range r.sizes() {
		bars = append(bars, r.ratios(files)...)
	}
	for _, files := range r.sizes() {
		bars = append(bars, r.counts(files)...)
	}
	for _, files := range r.sizes() {
		bars = append(bars, r.memory(files)...)
	}
	if r.Start.Rounds > 0 {
		bars = append(bars, bar{Bar: "5. start to first request", Want: "≤ 50 ms", Got: fmt.Sprintf("%.0f ms", r.Start.ReadyS*1000), Met: r.Start.ReadyS <= 0.050})
	}
	return bars
}

// ratios are bars 1 to 3.
func (r *results) ratios(files int) []bar {
	var bars []bar
	for _, want := range []struct {
		bar, in, peer string
		ratio         map[int]float64 // by files; at 0 for all
	}{
		{"1. cold, × boto3 with 32 threads", cold, "boto3-32", map[int]float64{1000: 5, 5000: 4}},
		{"1. cold, × list, fetch, tar", cold, "minio-go", map[int]float64{1000: 1.5, 5000: 1.5, 20000: 1.5}},
		{"2. one change on a cold instance, × boto3 with 32 threads", oneChangeCold, "boto3-32", map[int]float64{1000: 10, 5000: 20}},
		{"3. warm, × warm rclone", warm, "rclone", map[int]float64{5000: 4}},
	} {
		ours, theirs := r.find("dagferry", files, want.in), r.find(want.peer, files, want.in)
		least, asked := want.ratio[files]
		if !asked || ours == nil || theirs == nil {
			continue
		}
		got := theirs.WallS / ours.WallS
		told := fmt.Sprintf("%.1f× (%.2f s, %.2f s)", got, theirs.WallS, ours.WallS)
		shared := theirs.WallS / r.shared(ours)
		if got < least {
			told += fmt.Sprintf("; %.1f× for what the others do, too (%.2f s)", shared, r.shared(ours))
		}
		bars = append(bars, bar{Bar: want.bar, Files: files, Want: fmt.Sprintf("≥ %g×", least), Got: told, Met: got >= least, Shared: shared >= least})
	}
	return bars
}

// shared is how long those steps of a run took that the others have as well: starting, listing (twice), reading, packing. The
// gather has the second listing and the packing in it.
func (r *results) shared(ours *row) float64 {
	seconds := ours.step("list") + ours.step("read the last bundle") + ours.step("gather")
	if ours.Case != warm {
		seconds += r.Start.ReadyS
	}
	return seconds
}

// counts are bar 1's HEADs and bar 4.
func (r *results) counts(files int) []bar {
	var bars []bar
	p := pages(files)
	for i := range r.Unchanged {
		if u := &r.Unchanged[i]; u.Files == files {
			bars = append(bars, bar{
				Bar: "4. nothing changed", Files: files, Want: fmt.Sprintf("1 GET, %d LIST, no write", p), Got: u.asked(),
				Met: u.Get == 1 && u.List <= p && u.Put+u.Record+u.Head == 0,
			})
		}
	}
	for _, in := range []string{oneChangeCold, warm} {
		if c := r.find("dagferry", files, in); c != nil {
			bars = append(bars, bar{
				Bar: "4. one file changed, " + in, Files: files, Want: fmt.Sprintf("≤ %d LIST, ≤ 4 GET, ≤ 5 PUT", 2*p), Got: c.asked(),
				Met: c.List <= 2*p && c.Get <= 4 && c.Put <= 5 && c.Head == 0,
			})
		}
	}
	if c := r.find("dagferry", files, cold); c != nil {
		bars = append(bars, bar{Bar: "1. cold, HEADs", Files: files, Want: "0", Got: fmt.Sprint(c.Head), Met: c.Head == 0})
	}
	return bars
}

func (r *row) asked() string {
	return fmt.Sprintf("%d LIST, %d GET, %d PUT, %d HEAD, and %d for the record", r.List, r.Get, r.Put, r.Head, r.Record)
}

// memory is bar 5's: the worst of the cases.
func (r *results) memory(files int) []bar {
	most, asked := map[int]float64{5000: 128, 20000: 300}[files]
	if !asked {
		return nil
	}
	peak := 0.0
	for _, c := range r.Rows {
		if c.Way == "dagferry" && c.Files == files {
			peak = max(peak, c.RSSMB)
		}
	}
	return []bar{{
		Bar: "5. peak memory, function and interpreter", Files: files, Want: fmt.Sprintf("≤ %g MB", most), Got: fmt.Sprintf("%.0f MB", peak), Met: peak > 0 && peak <= most,
	}}
}

func printBars(out io.Writer, bars []bar) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BAR\tFILES\tWANT\tGOT\t")
	for _, b := range bars {
		files := ""
		if b.Files > 0 {
			files = fmt.Sprint(b.Files)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", b.Bar, files, b.Want, b.Got, b.verdict())
	}
	return table.Flush()
}
