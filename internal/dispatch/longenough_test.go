package dispatch_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/dispatch"
	"github.com/dagferry/dagferry/internal/syncer"
)

// What the error says to set is what the platform gives, and enough.
func TestLongEnough_namesThePlatformsOwnLimit(t *testing.T) {
	for advice, budgets := range map[string]syncer.Budgets{"set it to 900 s": syncer.LambdaBudgets(), "set it to 600 s": syncer.CloudRunBudgets()} {
		d := dispatch.Dispatcher{Syncer: syncer.Syncer{Budgets: budgets}}
		require.ErrorContains(t, d.LongEnough(within(t, 300*time.Second)), advice)
		require.NoError(t, d.LongEnough(within(t, budgets.Timeout)))
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
