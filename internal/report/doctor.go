package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/dagferry/dagferry/internal/doctor"
)

// DoctorJSON writes what was found of targets as one JSON object.
func DoctorJSON(w io.Writer, all []doctor.Examination) error {
	type target struct {
		doctor.Examination
		Blocked bool `json:"blocked"`
	}
	out := struct {
		Targets []target `json:"targets"`
	}{[]target{}}
	for _, e := range all {
		out.Targets = append(out.Targets, target{e, e.Blocked()})
	}
	return write(w, out)
}

// DoctorText writes it for people: a line for each thing, and what to do below it.
func DoctorText(w io.Writer, all []doctor.Examination) error {
	var b strings.Builder
	for i, e := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s, Deployment %s\n", e.Target, e.Deployment)
		for _, f := range e.Findings {
			fmt.Fprintf(&b, "  %-8s %-14s %s\n", f.Level, f.About, f.Message)
			if f.Remedy != "" {
				fmt.Fprintf(&b, "  %-8s %-14s → %s\n", "", "", f.Remedy)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
