package image

import "time"

// Patience sets how long the first wait for a registry is.
func (i *Image) Patience(gap time.Duration) { i.gap = gap }
