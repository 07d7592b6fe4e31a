package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The chart is a grid of panels of four columns, in pixels.
const (
	panelWidth, panelHeight = 310.0, 300.0
	marginLeft, marginRight = 52.0, 20.0
	marginTop, marginBottom = 46.0, 40.0
	columns                 = 4
)

// panel is one figure of all ways, by size.
type panel struct {
	title, unit string
	in          string // the case
	log         bool
	value       func(*row) float64
}

func panels() []panel {
	wall := func(r *row) float64 { return r.WallS }
	return []panel{
		{"First deploy, new machine", "seconds", cold, true, wall},
		{"One file changed, new machine", "seconds", oneChangeCold, true, wall},
		{"One file changed, warm", "seconds", warm, true, wall},
		{"Processor time, one file, new machine", "seconds", oneChangeCold, true, func(r *row) float64 { return r.CPUS }},
		{"Peak memory, first deploy", "MB", cold, false, func(r *row) float64 { return r.RSSMB }},
		{"Requests, one file, new machine", "requests", oneChangeCold, true, func(r *row) float64 { return float64(r.requests()) }},
		{"1,000 deploys of one file, new machine", "US dollars, list prices", oneChangeCold, true, func(r *row) float64 { return r.USDPer1000 }},
	}
}

// style is how a way is drawn.
type style struct{ color, shape string }

func styleOf(way string) style {
	return map[string]style{
		"dagferry":   {"#0b3d91", "circle"},
		"boto3-loop": {"#8a8a8a", "square"},
		"boto3-32":   {"#e69f00", "diamond"},
		"s5cmd":      {"#009e73", "up"},
		"aws-sync":   {"#cc79a7", "square"},
		"rclone":     {"#d55e00", "down"},
		"minio-go":   {"#56b4e9", "diamond"},
	}[way]
}

// chart is an SVG of the results.
func chart(r *results) string {
	all := panels()
	rows := (len(all) + columns) / columns // the legend has a place too
	var b strings.Builder
	width, height := columns*panelWidth, float64(rows)*panelHeight+44
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" `, width, height, width, height)
	b.WriteString(`font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif"><rect width="100%" height="100%" fill="#fff"/>` + "\n")
	label{x: 16, y: 26, size: 17, text: "From a bucket to a deploy: dagferry, and what people do today", bold: true}.draw(&b)
	for i, p := range all {
		fmt.Fprintf(&b, `<g transform="translate(%.0f %.0f)">`+"\n", float64(i%columns)*panelWidth, float64(i/columns)*panelHeight+36)
		p.draw(&b, r)
		b.WriteString("</g>\n")
	}
	at := len(all)
	fmt.Fprintf(&b, `<g transform="translate(%.0f %.0f)">`+"\n", float64(at%columns)*panelWidth, float64(at/columns)*panelHeight+36)
	legend(&b, r)
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// axis maps values to pixels.
type axis struct {
	low, high, from, to float64
	log                 bool
}

func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		low, high, v = math.Log10(low), math.Log10(high), math.Log10(v)
	}
	return a.from + (v-low)/(high-low)*(a.to-a.from)
}

// ticks are where the axis has a line: powers of ten, and between them too if there are few.
func (a axis) ticks() []float64 {
	var all []float64
	if !a.log {
		step := math.Pow(10, math.Floor(math.Log10(a.high)))
		for a.high/step < 4 {
			step /= 2
		}
		for v := 0.0; v <= a.high; v += step {
			all = append(all, v)
		}
		return all
	}
	between := []float64{1}
	if a.high/a.low < 1e3 {
		between = []float64{1, 2, 5}
	}
	for e := math.Floor(math.Log10(a.low)); e <= math.Log10(a.high); e++ {
		for _, m := range between {
			if v := m * math.Pow(10, e); v >= a.low*0.999 && v <= a.high*1.001 {
				all = append(all, v)
			}
		}
	}
	return all
}

// axes are those of the panel's values; the store's time limit is one where a way was given up.
func (p panel) axes(r *results) (x, y axis) {
	sizes := r.sizes()
	x = axis{float64(sizes[0]), float64(sizes[len(sizes)-1]), marginLeft + 8, panelWidth - marginRight - 8, true}
	if x.low == x.high {
		x.low, x.high = x.low/2, x.high*2
	}
	low, high := math.Inf(1), 0.0
	for i := range r.Rows {
		if c := &r.Rows[i]; c.Case == p.in {
			low, high = min(low, p.value(c)), max(high, p.value(c))
		}
	}
	if p.timed() && len(r.Skipped) > 0 {
		high = max(high, limit.Seconds())
	}
	if math.IsInf(low, 1) || high == 0 {
		low, high = 1, 10
	}
	if p.log {
		return x, axis{max(low*0.7, 1e-4), high * 1.3, panelHeight - marginBottom, marginTop, true}
	}
	return x, axis{0, high * 1.1, panelHeight - marginBottom, marginTop, false}
}

// timed reports whether the panel is of wall time.
func (p panel) timed() bool { return p.unit == "seconds" && !strings.HasPrefix(p.title, "Processor") }

func (p panel) draw(b *strings.Builder, r *results) {
	x, y := p.axes(r)
	scale := p.unit
	if p.log {
		scale += ", log scale"
	}
	label{x: 16, y: 20, size: 12, text: p.title, bold: true}.draw(b)
	label{x: 16, y: 34, color: gray, text: scale}.draw(b)
	for _, v := range y.ticks() {
		stroke(b, marginLeft, y.at(v), panelWidth-marginRight, y.at(v), "#e3e3e3")
		label{x: marginLeft - 5, y: y.at(v) + 4, anchor: "end", color: gray, text: short(v)}.draw(b)
	}
	bottom := panelHeight - marginBottom
	for _, n := range r.sizes() {
		at := x.at(float64(n))
		stroke(b, at, bottom, at, bottom+4, "#bbb")
		label{x: at, y: bottom + 17, anchor: "middle", color: gray, text: thousands(n)}.draw(b)
	}
	label{x: (marginLeft + panelWidth - marginRight) / 2, y: panelHeight - 8, anchor: "middle", color: gray, text: "files in the bucket"}.draw(b)
	ways := r.measured()
	slices.Reverse(ways) // dagferry is drawn last, over the others
	for _, w := range ways {
		p.line(b, r, w.name, x, y)
	}
}

// line draws a way's points. Where it was given up, a dashed line goes on to the limit.
func (p panel) line(b *strings.Builder, r *results, way string, x, y axis) {
	s, thick := styleOf(way), 1.6
	if way == "dagferry" {
		thick = 3
	}
	var points [][2]float64
	for _, n := range r.sizes() {
		c := r.find(way, n, p.in)
		if c == nil {
			continue
		}
		at := [2]float64{x.at(float64(n)), y.at(max(p.value(c), y.low))}
		points = append(points, at)
		mark(b, s, at)
		if way == "dagferry" {
			label{x: at[0], y: at[1] + 18, anchor: "middle", color: s.color, text: short(p.value(c)), bold: true}.draw(b)
		}
	}
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="%.1f" points="%s"/>`+"\n", s.color, thick, joined(points))
	for _, n := range r.sizes() {
		if over, is := r.over(way, n); is && p.timed() {
			to := [2]float64{x.at(float64(n)), y.at(over)}
			fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-dasharray="4 3" points="%s"/>`+"\n", s.color, joined([][2]float64{points[len(points)-1], to}))
			label{x: to[0], y: to[1] - 5, anchor: "end", color: s.color, text: fmt.Sprintf("> %.0f s", over)}.draw(b)
			return
		}
	}
}

const gray = "#555"

// label is a text with a rim of the background's white, so that it can be read over lines.
type label struct {
	x, y          float64
	size          int // 11 when 0
	anchor, color string
	text          string
	bold          bool
}

func (l label) draw(b *strings.Builder) {
	size, anchor, color, weight := max(l.size, 11), "start", "#111", "normal"
	if l.anchor != "" {
		anchor = l.anchor
	}
	if l.color != "" {
		color = l.color
	}
	if l.bold {
		weight = "bold"
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s" fill="%s" font-weight="%s" stroke="#fff" stroke-width="3" paint-order="stroke">%s</text>`+"\n",
		l.x, l.y, size, anchor, color, weight, xmlText(l.text))
}

func stroke(b *strings.Builder, x1, y1, x2, y2 float64, color string) {
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, color)
}

func joined(points [][2]float64) string {
	var all []string
	for _, p := range points {
		all = append(all, fmt.Sprintf("%.1f,%.1f", p[0], p[1]))
	}
	return strings.Join(all, " ")
}

func mark(b *strings.Builder, s style, at [2]float64) {
	x, y := at[0], at[1]
	switch s.shape {
	case "circle":
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4.5" fill="%s"/>`+"\n", x, y, s.color)
	case "square":
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="7" height="7" fill="%s"/>`+"\n", x-3.5, y-3.5, s.color)
	case "diamond":
		fmt.Fprintf(b, `<polygon points="%s" fill="%s"/>`+"\n", joined([][2]float64{{x, y - 5}, {x + 5, y}, {x, y + 5}, {x - 5, y}}), s.color)
	case "up":
		fmt.Fprintf(b, `<polygon points="%s" fill="%s"/>`+"\n", joined([][2]float64{{x, y - 5}, {x + 5, y + 4}, {x - 5, y + 4}}), s.color)
	default:
		fmt.Fprintf(b, `<polygon points="%s" fill="%s"/>`+"\n", joined([][2]float64{{x, y + 5}, {x + 5, y - 4}, {x - 5, y - 4}}), s.color)
	}
}

func legend(b *strings.Builder, r *results) {
	y := 22.0
	for _, w := range r.measured() {
		s := styleOf(w.name)
		stroke(b, 16, y, 44, y, s.color)
		mark(b, s, [2]float64{30, y})
		label{x: 54, y: y + 4, size: 12, text: w.label, bold: w.name == "dagferry"}.draw(b)
		y += 21
	}
	m := r.Machine
	for _, line := range []string{
		"dagferry makes the whole run: two listings, lease,", "parse check, upload, finalize, verification, record.", "The others fetch and pack only.", "",
		"Store: 15–30 ms to the first byte, +50 ms per 1,000", "keys of a listing, +20 ms a write. One core. Medians.",
		fmt.Sprintf("%s, %s, commit %s.", day(m.Date), m.CPU, m.Commit),
	} {
		label{x: 16, y: y + 6, color: gray, text: line}.draw(b)
		y += 15
	}
}

// short is a number with two or three digits.
func short(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 1000:
		return thousands(int(math.Round(v)))
	case v >= 10:
		return fmt.Sprintf("%.0f", v)
	case v >= 1:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	default:
		return strings.TrimRight(fmt.Sprintf("%.2f", v), "0")
	}
}
