package deployment

import (
	"errors"
	"slices"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/config"
)

// emails compares the addresses that alerts go to, if the file has a section for them.
func (d *Diff) emails() error {
	if d.file.AlertEmails == nil {
		return nil
	}
	want := slices.Sorted(slices.Values(d.file.AlertEmails))
	for _, address := range want {
		if !slices.Contains(d.live.ContactEmails, address) {
			d.add(Change{Kind: Added, Section: Emails, Name: address})
		}
	}
	for _, address := range d.live.ContactEmails {
		if !slices.Contains(want, address) {
			d.add(Change{Kind: Removed, Section: Emails, Name: address})
		}
	}
	d.update.ContactEmails = append([]string{}, want...)
	return nil
}

// schedules compares when the Deployment sleeps. One that leaves development mode cannot, and loses them [doc].
func (d *Diff) schedules() error {
	want := d.file.HibernationSchedules
	switch {
	case d.update.IsDevelopmentMode && !d.live.IsDevelopmentMode:
		return errors.New("configuration.is_development_mode cannot be switched on for a Deployment that is there: make a new one")
	case !d.update.IsDevelopmentMode && len(want) > 0:
		return errors.New("hibernation_schedules: only a Deployment in development mode hibernates; leave them out")
	case d.update.IsDevelopmentMode && want == nil, !d.live.IsDevelopmentMode:
		return nil
	}
	left := slices.Clone(d.live.Schedules())
	all := []astro.HibernationSchedule{}
	for _, s := range want {
		at := slices.IndexFunc(left, func(o astro.HibernationSchedule) bool {
			return o.HibernateAtCron == s.HibernateAt && o.WakeAtCron == s.WakeAt
		})
		all = append(all, d.schedule(s, left, at))
		if at >= 0 {
			left = slices.Delete(left, at, at+1)
		}
	}
	for _, s := range left {
		d.add(Change{Kind: Removed, Section: Schedules, Name: times(s), From: state(s.IsEnabled)})
	}
	d.scale(all)
	return nil
}

// schedule is the file's, and the change that it makes to the live one at an index, or -1.
func (d *Diff) schedule(want config.HibernationSchedule, live []astro.HibernationSchedule, at int) astro.HibernationSchedule {
	to := astro.HibernationSchedule{HibernateAtCron: want.HibernateAt, WakeAtCron: want.WakeAt, Description: want.Description, IsEnabled: want.Enabled}
	if at < 0 {
		d.add(Change{Kind: Added, Section: Schedules, Name: times(to), To: state(to.IsEnabled)})
		return to
	}
	was := live[at]
	field(d, Schedules, times(to), "enabled", &want.Enabled, &was.IsEnabled)
	field(d, Schedules, times(to), "description", &want.Description, &was.Description)
	return to
}

// scale puts schedules into the update, and leaves an override that somebody made.
func (d *Diff) scale(all []astro.HibernationSchedule) {
	spec := astro.HibernationSpec{Schedules: all}
	if d.update.ScalingSpec != nil {
		spec.Override = d.update.ScalingSpec.HibernationSpec.Override
	}
	d.update.ScalingSpec = &astro.ScalingSpec{HibernationSpec: &spec}
}

// times is what tells a schedule from others.
func times(s astro.HibernationSchedule) string {
	return "sleep " + s.HibernateAtCron + ", wake " + s.WakeAtCron
}

func state(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}
