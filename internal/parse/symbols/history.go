package symbols

import "slices"

// RemovedIn is the minor that no longer had something that an older one had: "3.0". It is "" if none is known to have had it.
func (x *Index) RemovedIn(module, name string) (string, error) {
	return x.lostIn(func(old *Index) bool { return old.Lookup(module, name) == Present })
}

// AddedIn is the first minor after this one that has something: "3.0". It is "" if there is none.
func (x *Index) AddedIn(module, name string) (string, error) {
	for _, m := range indexed() {
		if m.compare(x.minor) <= 0 {
			continue
		}
		newer, err := load(m)
		if err != nil {
			return "", err
		}
		if (&Index{contents: newer}).Lookup(module, name) == Present {
			return m.String(), nil
		}
	}
	return "", nil
}

// lostIn is the minor after the newest older one that had something.
func (x *Index) lostIn(had func(*Index) bool) (string, error) {
	since := x.minor
	for _, m := range slices.Backward(indexed()) {
		if m.compare(x.minor) >= 0 {
			continue
		}
		older, err := load(m)
		if err != nil {
			return "", err
		}
		if had(&Index{contents: older}) {
			return since.String(), nil
		}
		since = m
	}
	return "", nil
}
