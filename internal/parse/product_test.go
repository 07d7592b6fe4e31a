package parse_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/dagferry/dagferry/internal/parse"
)

// TestCheck_products has a list of tasks depend on another list: 36 million pairs, too many to be listed.
func TestCheck_products(t *testing.T) {
	var b strings.Builder
	b.WriteString("from airflow.sdk import DAG, Asset\ndag = DAG('products')\n")
	var names []string
	for i := range 12000 {
		fmt.Fprintf(&b, "t%d = Asset('t%d')\n", i, i)
		names = append(names, fmt.Sprintf("t%d", i))
	}
	product := "[" + strings.Join(names[:6000], ",") + "] >> [" + strings.Join(names[6000:], ",") + "]\n"
	b.WriteString(product + "DAG('a b')\n")
	report := check(t, newChecker(t, parse.Options{}), fstest.MapFS{"dag.py": {Data: []byte(b.String())}})
	assert.Len(t, report.Findings, 1, "what comes after is looked at")
}
