package config

import (
	"strconv"
	"strings"
)

// Percent is a share from 0 to 100, written 50%.
type Percent int

// UnmarshalYAML reads 50%. Anything else becomes a negative share, which validate tells with its place.
func (p *Percent) UnmarshalYAML(text []byte) error {
	digits, ok := strings.CutSuffix(strings.Trim(strings.TrimSpace(string(text)), `"'`), "%")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n > 100 {
		n = -1
	}
	*p = Percent(n)
	return nil
}
