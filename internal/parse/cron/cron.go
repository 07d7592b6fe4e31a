// Package cron says of a literal schedule whether Airflow refuses it, before a scheduler is asked. Airflow leaves cron
// expressions to croniter, whose dialect has grown from version to version; so what is refused here is what all of them
// refuse: a wrong number of columns, a number outside of its range, a word that is none. What only some know (L, W, #, H,
// R, ?) passes.
package cron

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// column is one of an expression's.
type column struct {
	name        string
	first, last int
	words       []string // the first stands for first
}

//nolint:gochecknoglobals // a table
var columns = []column{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"weekday", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	{"second", 0, 59, nil},
	{"year", 1970, 2099, nil},
}

// fewest columns, those of Unix; then come seconds and years.
const fewest = 5

// presets are Airflow's own names for schedules, and croniter's.
//
//nolint:gochecknoglobals // a table
var presets = []string{
	"@once", "@continuous", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually",
}

// Check says what Airflow has against a schedule.
func Check(expression string) error {
	lower := strings.ToLower(expression)
	if slices.Contains(presets, lower) {
		return nil
	}
	if strings.HasPrefix(lower, "@") {
		return fmt.Errorf("there is no such preset: there are %s", strings.Join(presets, ", "))
	}
	fields := strings.Fields(lower)
	if len(fields) < fewest || len(fields) > len(columns) {
		return fmt.Errorf("a cron expression has 5 to 7 columns, and this has %d", len(fields))
	}
	for i, field := range fields {
		for item := range strings.SplitSeq(field, ",") {
			if err := columns[i].check(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// check looks at one item of a list: "*", "5", "mon-fri", "10-20/5", "*/5".
func (c column) check(item string) error {
	if item == "*" || special.MatchString(item) {
		return nil
	}
	value, step, stepped := strings.Cut(item, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n == 0 || !digits(step)) {
		return fmt.Errorf("%q is no step of the column %s", step, c.name)
	}
	if value == "*" {
		return nil
	}
	first, last, ranged := strings.Cut(value, "-")
	if !ranged && !stepped {
		return c.value(first, c.first)
	}
	if err := c.value(first, 0); err != nil || !ranged {
		return err
	}
	return c.value(last, 0)
}

// special is what not all versions know.
var special = regexp.MustCompile(`[#?(]|^l[w\d]*$|^\d+-?l|^l-\d+$|^w\d+$|^\d+w$|^[hr](/\d+)?$`)

// value checks a number or a word. croniter has ranges begin below what a single value may be.
func (c column) value(s string, least int) error {
	if slices.Contains(c.words, s) {
		return nil
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil || !digits(s):
		return fmt.Errorf("%q is nothing that the column %s may have", s, c.name)
	case n < least || n > c.last:
		return fmt.Errorf("%s %d is not within %d-%d", c.name, n, c.first, c.last)
	}
	return nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }
