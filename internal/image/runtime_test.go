package image_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/image"
)

func TestOlder_ordersBothSchemes(t *testing.T) {
	for _, tc := range []struct {
		a, b  string
		older bool
	}{
		{"11.10.0", "13.9.0", true},
		{"9.10.0", "11.2.0", true},
		{"13.9.0", "13.10.0", true},
		{"13.9.0", "3.1-12", true}, // Airflow 2 is older than Airflow 3, whatever the numbers
		{"3.1-12", "13.9.0", false},
		{"3.0.4", "3.0-1", true}, // the third Runtime was one for Airflow 2.1
		{"3.1-9", "3.1-12", true},
		{"3.1-12", "3.3-8", true},
		{"3.10-1", "3.9-20", false},
		{"3.1-12", "3.1-12", false},
		{"3.1-12-base", "3.1-12", false},
		{"3.1-11-python-3.12-base", "3.1-12", true},
		{"12.1.0-slim-base", "12.1.1", true},
	} {
		older, err := image.Older(tc.a, tc.b)
		require.NoError(t, err)
		assert.Equal(t, tc.older, older, "%s against %s", tc.a, tc.b)
	}
}

func TestCompare_doesNotGuess(t *testing.T) {
	for _, version := range []string{"", "latest", "3.1", "3.1-", "3.1-12-rc1", "v3.1-12", "3.1-12 ", "13.9.0.1", "3.1-99999999999999999999"} {
		_, err := image.Compare(version, "3.1-12")
		assert.ErrorContains(t, err, "read Runtime", version)
		_, err = image.Compare("3.1-12", version)
		assert.ErrorContains(t, err, "read Runtime", version)
	}
	same, err := image.Compare("3.1-12-base", "3.1-12")
	require.NoError(t, err)
	assert.Zero(t, same)
}
