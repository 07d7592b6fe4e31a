package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/syncer"
)

// StatusJSON writes a target's status as one JSON object.
func StatusJSON(w io.Writer, s syncer.Status) error { return write(w, s) }

// StatusText writes a target's status for people: a line for each thing that there is.
func StatusText(w io.Writer, s syncer.Status) error {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-18s %s\n", what+":", fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s, Deployment %s\n", s.Target, s.Deployment)
	switch {
	case s.Live == nil:
		line("live at Astro", "no DAGs")
	case s.LiveIs == "deployed":
		line("live at Astro", "deploy %s, dagferry's last", s.Live.ID)
	default:
		line("live at Astro", "deploy %s of %s UTC by %s: %s (%q)", s.Live.ID, s.Live.CreatedAt.UTC().Format(time.DateTime), s.Live.By, s.LiveIs, s.Live.Description)
	}
	if d := s.State.Deployed; d != nil {
		line("deployed last", "%s", deployed(*d))
	}
	if h := s.State.Held; h != nil {
		line("held", "by %s since %s UTC: %s", h.By, h.At.UTC().Format(time.DateTime), h.Reason)
	}
	if r := s.State.Rejected; r != nil {
		line("rejected", "%s (run %s)", r.Reason, r.Run)
	}
	if s.Leased {
		line("under way", "run %s, with a lease until %s UTC", s.State.Holder, s.State.LeaseUntil.UTC().Format(time.TimeOnly))
	}
	if i := s.State.Intent; i != nil {
		line("not known yet", "whether deploy %s became live; the next run finds out", i.DeployID)
	}
	if r := s.State.Redeploy; r != nil {
		line("due", "a deploy (%s)", r.Why)
	}
	line("state", "%s", s.StateURL)
	_, err := io.WriteString(w, b.String())
	return err
}
