package cron_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/parse/cron"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{
		"@daily", "@once", "@continuous", "@quarterly", "0 0 * * *", "*/15 9-17 * * mon-fri", "0 0 1,15 jan-mar 0", "30 5 L * *", "0 0 * * 5#2",
		"0 0 1W * *", "0 0 ? * SUN", "0 0 * * 7", "1 2 3 4 5 6", "1 2 3 4 5 6 2030", "  0\t0 * * * ", "5/10 * * * *", "H H * * *",
	} {
		require.NoError(t, cron.Check(good), good)
	}
	for bad, want := range map[string]string{
		"":                 "this has 0",
		"0 0 * *":          "this has 4",
		"0 0 * * * * * *":  "this has 8",
		"60 * * * *":       "minute 60 is not within 0-59",
		"0 24 * * *":       "hour 24",
		"0 0 0 * *":        "day 0 is not within 1-31",
		"0 0 * 13 *":       "month 13",
		"0 0 * * 8":        "weekday 8",
		"0 0 * * mon-fry":  `"fry" is nothing that the column weekday may have`,
		"*/0 * * * *":      `"0" is no step`,
		"*/x * * * *":      `"x" is no step`,
		"1,,2 * * * *":     `""`,
		"@dayly":           "no such preset",
		"every day at 5am": "column",
		"-5 * * * *":       `""`,
	} {
		assert.ErrorContains(t, cron.Check(bad), want, bad)
	}
}

// TestCheck_agreesWithCroniter asks the croniter that Airflow has of random expressions: what is refused here is refused
// there. What only this croniter refuses passes; there is little of it.
func TestCheck_agreesWithCroniter(t *testing.T) {
	expressions := make([]string, 4000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range expressions {
		expressions[i] = random(r)
	}
	for _, version := range []string{"2.11.2", "3.3.2"} {
		refused := croniter(t, version, expressions)
		both, passed := 0, 0
		for i, e := range expressions {
			here := cron.Check(e)
			switch {
			case here != nil && !refused[i]:
				assert.NoError(t, here, "%q, which croniter reads", e)
			case here == nil && refused[i]:
				passed++
			case here != nil:
				both++
			}
		}
		t.Logf("Airflow %s: %d of %d refused by both, %d by its croniter only", version, both, len(expressions), passed)
		assert.Greater(t, both, 1000)
		assert.Less(t, passed, both/4)
	}
}

const ask = `
import json, sys
from croniter import croniter
def refused(e):
    try:
        croniter(e)
    except ValueError:
        return True
    return False
json.dump([refused(e) for e in json.load(sys.stdin)], sys.stdout)
`

func croniter(t *testing.T, version string, expressions []string) (refused []bool) {
	in, err := json.Marshal(expressions)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "../../../.cache/venv/airflow-plain-"+version+"/bin/python", "-c", ask)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), t.Output()
	out, err := cmd.Output()
	require.NoError(t, err, "run `make tools`")
	require.NoError(t, json.Unmarshal(out, &refused))
	require.Len(t, refused, len(expressions))
	return refused
}

// random is an expression whose columns are good for the most part.
func random(r *rand.Rand) string {
	limits := [][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}, {0, 59}, {1970, 2099}}
	columns := 5
	if r.IntN(5) == 0 {
		columns = 3 + r.IntN(6)
	}
	var fields []string
	for i := range columns {
		fields = append(fields, field(r, limits[min(i, 6)], i))
	}
	return strings.Join(fields, " ")
}

func field(r *rand.Rand, limits [2]int, i int) string {
	value := func() string {
		if words := map[int]string{3: "jan dec MAR may", 4: "mon SUN fri sat"}[i]; words != "" && r.IntN(3) == 0 {
			return strings.Fields(words)[r.IntN(4)]
		}
		return fmt.Sprint(limits[0] + r.IntN(limits[1]-limits[0]+1) + [...]int{0, 0, 0, 0, 0, 0, 0, 0, 0, 9 - r.IntN(12)}[r.IntN(10)])
	}
	switch r.IntN(14) {
	case 0, 1, 2, 3:
		return "*"
	case 4:
		return "*/" + fmt.Sprint(r.IntN(20))
	case 5, 6:
		return value() + "," + value()
	case 7:
		return value() + "-" + value()
	case 8:
		return value() + "-" + value() + "/" + fmt.Sprint(r.IntN(9))
	case 9:
		return value() + "/" + fmt.Sprint(1+r.IntN(9))
	case 10:
		return [...]string{"L", "?", "W", "1W", "5#2", "mon#1", "H", "R", "xyz", "", "1-", "--1", "1/", "/2", "**", "*-5"}[r.IntN(16)] + ""
	default:
		return value()
	}
}
