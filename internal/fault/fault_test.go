package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/fault"
)

func TestOf(t *testing.T) {
	plain := errors.New("plain")
	for _, tc := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"unclassified is a bug", plain, fault.Broken},
		{"classified", fault.As(fault.Denied, plain), fault.Denied},
		{"wrapped", fmt.Errorf("list: %w", fault.As(fault.Busy, plain)), fault.Busy},
		{"the outermost counts", fault.As(fault.Rejected, fault.As(fault.Transient, plain)), fault.Rejected},
		{"an ended context decides nothing", fmt.Errorf("get: %w", context.DeadlineExceeded), fault.Transient},
	} {
		t.Run(tc.name, func(t *testing.T) { assert.Equal(t, tc.want, fault.Of(tc.err)) })
	}
}

func TestAs_keepsTheError(t *testing.T) {
	plain := errors.New("plain")
	assert.ErrorIs(t, fault.As(fault.Denied, plain), plain)
	assert.NoError(t, fault.As(fault.Denied, nil))
}
