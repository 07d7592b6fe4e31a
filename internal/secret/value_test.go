package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/secret"
)

func TestValue_printsNowhere(t *testing.T) {
	v := secret.NewValue("hunter2")
	nested := struct {
		Token secret.Value
		Inner []secret.Value
		own   secret.Value
	}{v, []secret.Value{v}, v}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", v)
		fmt.Fprintf(&out, verb+"\n", nested)
	}
	b, err := json.Marshal(nested)
	require.NoError(t, err)
	out.Write(b)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", v, "nested", nested)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", v, "nested", nested)

	assert.NotContains(t, out.String(), "hunter2")
	assert.NotContains(t, out.String(), fmt.Sprintf("%x", "hunter2"))
	assert.Contains(t, out.String(), "[redacted]")
	assert.Equal(t, "hunter2", v.Reveal())
}
