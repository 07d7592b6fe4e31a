package syncer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/secret"
	"github.com/dagferry/dagferry/internal/syncer"
)

// A token that ends soon is told of before it ends.
func TestRun_tellsHowLongTheTokenLasts(t *testing.T) {
	for days, warns := range map[int]bool{3: true, 13: true, 14: false, 89: false} {
		inWorld(t, func(w *world) {
			w.write("a.py", "a")
			target := w.prepare()
			token := w.sim.Token(astrotest.TokenOptions{Expires: time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour)})
			var err error
			target.Astro, err = astro.New(astro.Options{URL: w.sim.URL(), Token: secret.NewValue(token), Transport: w.transport})
			require.NoError(w, err)
			r, err := syncer.Syncer{TempDir: w.TempDir()}.Run(w.Context(), target, syncer.Trigger{Kind: syncer.ByEvent})
			require.NoError(w, err)
			require.NotNil(w, r.TokenDaysLeft)
			assert.Equal(w, days, *r.TokenDaysLeft)
			if warns {
				require.Len(w, r.Notes, 1)
				assert.Contains(w, r.Notes[0], "expires on")
			} else {
				assert.Empty(w, r.Notes)
			}
		})
	}
}
