package ignore

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// bracket is a bracket expression. Git's and doublestar's differ: git takes a "]" at the beginning literally, knows
// [:alpha:] and its like, and never lets a bracket match a slash.
type bracket struct {
	negated bool
	ranges  []runeRange
}

type runeRange struct{ lo, hi rune }

// parseBracket reads the bracket expression at the beginning of s and tells how long it is.
func parseBracket(s string) (bracket, int, error) {
	var set bracket
	i := 1
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		set.negated = true
		i++
	}
	for first := true; i >= len(s) || s[i] != ']' || first; first = false {
		items, n, err := parseItem(s[min(i, len(s)):])
		if err != nil {
			return bracket{}, 0, err
		}
		set.ranges = append(set.ranges, items...)
		i += n
	}
	if !set.negated && len(withoutSlash(set.ranges)) == 0 {
		return bracket{}, 0, errOnlySlash
	}
	return set, i + 1, nil
}

// parseItem reads one character, a range of them, or a class.
func parseItem(s string) ([]runeRange, int, error) {
	if strings.HasPrefix(s, "[:") {
		if name, _, ok := strings.Cut(s[2:], "]"); ok && strings.HasSuffix(name, ":") {
			class, err := classRanges(strings.TrimSuffix(name, ":"))
			return class, len(name) + 3, err
		}
	}
	lo, n, err := parseChar(s)
	if err != nil {
		return nil, 0, err
	}
	if len(s) < n+2 || s[n] != '-' || s[n+1] == ']' {
		return []runeRange{{lo, lo}}, n, nil
	}
	hi, m, err := parseChar(s[n+1:])
	if err != nil {
		return nil, 0, err
	}
	if hi < lo {
		return nil, 0, fmt.Errorf("the range %c-%c runs backwards", lo, hi)
	}
	return []runeRange{{lo, hi}}, n + 1 + m, nil
}

// parseChar reads one character, escaped or not.
func parseChar(s string) (rune, int, error) {
	skip := 0
	if strings.HasPrefix(s, `\`) {
		skip = 1
	}
	if len(s) == skip {
		return 0, 0, errBracket
	}
	c, n := utf8.DecodeRuneInString(s[skip:])
	return c, skip + n, nil
}

// write writes the set for doublestar, so that it never matches a slash.
func (b bracket) write(out *strings.Builder) {
	out.WriteByte('[')
	ranges := b.ranges
	if b.negated {
		out.WriteByte('!')
		ranges = append(ranges, runeRange{'/', '/'})
	} else {
		ranges = withoutSlash(ranges)
	}
	for _, r := range ranges {
		writeLiteral(out, string(r.lo))
		if r.hi > r.lo {
			out.WriteByte('-')
			writeLiteral(out, string(r.hi))
		}
	}
	out.WriteByte(']')
}

// withoutSlash splits what holds a slash.
func withoutSlash(ranges []runeRange) []runeRange {
	var out []runeRange
	for _, r := range ranges {
		if r.hi < '/' || '/' < r.lo {
			out = append(out, r)
			continue
		}
		if r.lo < '/' {
			out = append(out, runeRange{r.lo, '/' - 1})
		}
		if '/' < r.hi {
			out = append(out, runeRange{'/' + 1, r.hi})
		}
	}
	return out
}

// classRanges are POSIX's classes in the C locale, as git has them.
func classRanges(name string) ([]runeRange, error) {
	digit, lower, upper := runeRange{'0', '9'}, runeRange{'a', 'z'}, runeRange{'A', 'Z'}
	switch name {
	case "alnum":
		return []runeRange{digit, lower, upper}, nil
	case "alpha":
		return []runeRange{lower, upper}, nil
	case "blank":
		return []runeRange{{' ', ' '}, {'\t', '\t'}}, nil
	case "cntrl":
		return []runeRange{{0, 0x1f}, {0x7f, 0x7f}}, nil
	case "digit":
		return []runeRange{digit}, nil
	case "graph":
		return []runeRange{{'!', '~'}}, nil
	case "lower":
		return []runeRange{lower}, nil
	case "print":
		return []runeRange{{' ', '~'}}, nil
	case "punct":
		return []runeRange{{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}, nil
	case "space":
		return []runeRange{{' ', ' '}, {'\t', '\r'}}, nil
	case "upper":
		return []runeRange{upper}, nil
	case "xdigit":
		return []runeRange{digit, {'a', 'f'}, {'A', 'F'}}, nil
	default:
		return nil, fmt.Errorf("there is no character class [:%s:]", name)
	}
}
