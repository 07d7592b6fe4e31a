package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// draft is a generated file while it is written. Its text is as real DAGs are in what matters here: how long CPython takes
// to compile it, and how far gzip gets with it.
type draft struct {
	strings.Builder
	r     *rand.Rand
	v     *vocabulary
	names int
	tasks []string
}

// newDag is a DAG file of about as many bytes.
func newDag(r *rand.Rand, v *vocabulary, name string, size int) []byte {
	d := &draft{r: r, v: v}
	fmt.Fprintf(d, "\"\"\"%s\n\n%s\n\"\"\"\n", d.sentence(7), d.prose(2+r.IntN(3), ""))
	d.imports()
	d.arguments(name)
	for len(d.tasks) == 0 || d.Len() < size-650 { // a block is about 500 bytes, and the end about 150
		d.block()
	}
	d.chain()
	return []byte(d.String())
}

func (d *draft) sentence(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = pick(d.r, d.v.words)
	}
	s := strings.Join(all, " ")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func (d *draft) prose(sentences int, indent string) string {
	all := make([]string, sentences)
	for i := range all {
		all[i] = indent + d.sentence(8+d.r.IntN(7))
	}
	return strings.Join(all, "\n")
}

// name is a new name.
func (d *draft) name() string {
	d.names++
	return fmt.Sprintf("%s_%s_%d", pick(d.r, d.v.verbs), pick(d.r, d.v.nouns), d.names)
}

func (d *draft) imports() {
	d.WriteString("from __future__ import annotations\n\nimport logging\n")
	for _, module := range []string{"csv", "hashlib", "json", "os", "re", "tempfile"} {
		if d.r.IntN(3) == 0 {
			fmt.Fprintf(d, "import %s\n", module)
		}
	}
	d.WriteString("from datetime import datetime, timedelta\n\nfrom airflow.decorators import dag, task\n")
	for _, line := range []string{
		"from airflow.models import Variable",
		"from airflow.operators.bash import BashOperator",
		"from airflow.providers.amazon.aws.hooks.s3 import S3Hook",
		"from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator",
		"from airflow.providers.slack.notifications.slack import send_slack_notification",
		"from airflow.sensors.external_task import ExternalTaskSensor",
	} {
		if d.r.IntN(2) == 0 || strings.Contains(line, "BashOperator") || strings.Contains(line, "SQLExecute") {
			d.WriteString(line + "\n")
		}
	}
	fmt.Fprintf(d, "\nlog = logging.getLogger(__name__)\n\nBUCKET = \"%s-%s-%06x\"\nCONNECTION = \"%s_%s\"\n\n",
		pick(d.r, d.v.teams), pick(d.r, d.v.nouns), d.r.IntN(1<<24), pick(d.r, d.v.teams), pick(d.r, []string{"dwh", "replica", "lake", "api"}))
}

func (d *draft) arguments(name string) {
	fmt.Fprintf(d, `DEFAULT_ARGS = {
    "owner": "%s",
    "retries": %d,
    "retry_delay": timedelta(minutes=%d),
    "email": ["%s@example.com"],
}


@dag(
    dag_id="%s",
    schedule="%d %d * * %s",
    start_date=datetime(202%d, %d, %d),
    catchup=False,
    default_args=DEFAULT_ARGS,
    max_active_runs=%d,
    tags=["%s", "%s"],
)
def pipeline():
`, pick(d.r, d.v.teams), d.r.IntN(5), 1+d.r.IntN(30), pick(d.r, d.v.teams), name, d.r.IntN(60), d.r.IntN(24), pick(d.r, []string{"*", "1-5", "1", "0"}),
		d.r.IntN(6), 1+d.r.IntN(12), 1+d.r.IntN(28), 1+d.r.IntN(4), pick(d.r, d.v.domains), pick(d.r, d.v.stages))
}

// block is one more task, or a constant.
func (d *draft) block() {
	switch d.r.IntN(5) {
	case 0:
		d.bash()
	case 1:
		d.query()
	case 2:
		d.columns()
	default:
		d.function()
	}
}

func (d *draft) task() string {
	name := d.name()
	d.tasks = append(d.tasks, name)
	return name
}

func (d *draft) bash() {
	name := d.task()
	fmt.Fprintf(d, "    # %s\n    %s = BashOperator(\n        task_id=\"%[2]s\",\n        bash_command=\"python -m jobs.%s --date {{ ds }} --limit %d --out s3://{{ var.value.bucket }}/%s/%s/\",\n"+
		"        env={\"REGION\": \"%s\", \"MODE\": \"%s\"},\n        append_env=True,\n    )\n\n", d.sentence(6), name, pick(d.r, d.v.verbs),
		d.r.IntN(1_000_000), pick(d.r, d.v.domains), pick(d.r, d.v.nouns), pick(d.r, []string{"eu-west-1", "us-east-1", "ap-south-1"}), pick(d.r, d.v.stages))
}

func (d *draft) query() {
	name := d.task()
	fmt.Fprintf(d, "    %s = SQLExecuteQueryOperator(\n        task_id=\"%[1]s\",\n        conn_id=CONNECTION,\n        sql=\"\"\"\n%s        \"\"\",\n    )\n\n",
		name, d.sql("            "))
}

func (d *draft) sql(indent string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%sINSERT INTO %s.%s_%s\n%sSELECT\n", indent, pick(d.r, d.v.stages), pick(d.r, d.v.domains), pick(d.r, d.v.nouns), indent)
	for range 3 + d.r.IntN(5) {
		fmt.Fprintf(&b, "%s    COALESCE(t.%s, %d) AS %s,\n", indent, pick(d.r, d.v.attributes), d.r.IntN(100), pick(d.r, d.v.attributes))
	}
	fmt.Fprintf(&b, "%s    MAX(t.updated_at) AS updated_at\n%sFROM raw.%s AS t\n%sWHERE t.%s >= '{{ ds }}' AND t.%s <> '%s'\n",
		indent, indent, pick(d.r, d.v.nouns), indent, pick(d.r, d.v.attributes), pick(d.r, d.v.attributes), pick(d.r, d.v.words))
	return b.String()
}

func (d *draft) columns() {
	fmt.Fprintf(d, "    %s = {\n", strings.ToUpper(d.name()))
	for range 4 + d.r.IntN(8) {
		fmt.Fprintf(d, "        \"%s_%s\": \"%s\",\n", pick(d.r, d.v.attributes), pick(d.r, d.v.nouns), pick(d.r, []string{"string", "bigint", "timestamp", "double", "boolean"}))
	}
	d.WriteString("    }\n\n")
}

func (d *draft) function() {
	name := d.task()
	row, limit := pick(d.r, d.v.nouns), d.r.IntN(5000)
	fmt.Fprintf(d, "    @task(retries=%d, execution_timeout=timedelta(minutes=%d))\n    def %s(ds: str | None = None, limit: int = %d) -> dict[str, int]:\n"+
		"        \"\"\"%s\"\"\"\n", d.r.IntN(4), 5+d.r.IntN(90), name, limit, d.sentence(9))
	fmt.Fprintf(d, "        found = {\"read\": 0, \"kept\": 0}\n        for %s in fetch_%s(ds, \"%s\"):\n", row, pick(d.r, d.v.nouns), pick(d.r, d.v.domains))
	for range 1 + d.r.IntN(3) {
		fmt.Fprintf(d, "            if %s.get(\"%s\") %s %d:\n                # %s\n                %[1]s[\"%[6]s\"] = %[1]s.get(\"%[6]s\", %[7]d) * %.2[8]f\n",
			row, pick(d.r, d.v.attributes), pick(d.r, []string{">", "<", "==", "!="}), d.r.IntN(1000), d.sentence(5), pick(d.r, d.v.attributes), d.r.IntN(50), d.r.Float64())
	}
	fmt.Fprintf(d, "            found[\"read\"] += 1\n        log.info(\"%s: %%s of %%s\", found[\"kept\"], found[\"read\"])\n        return found\n\n", d.sentence(4))
}

func (d *draft) chain() {
	d.WriteString("    (\n        " + strings.Join(last(d.tasks, 4), "\n        >> ") + "\n    )\n\n\npipeline()\n")
}

func last(all []string, n int) []string { return all[max(len(all)-n, 0):] }

func newSQL(r *rand.Rand, v *vocabulary, size int) []byte {
	d := &draft{r: r, v: v}
	fmt.Fprintf(d, "-- %s\n", d.sentence(9))
	for d.Len() < size-150 {
		d.WriteString(d.sql("") + ";\n\n")
	}
	return []byte(d.String())
}

func newYAML(r *rand.Rand, v *vocabulary, size int) []byte {
	d := &draft{r: r, v: v}
	fmt.Fprintf(d, "# %s\ntables:\n", d.sentence(9))
	for d.Len() < size-150 {
		fmt.Fprintf(d, "  - name: %s\n    owner: %s\n    columns:\n", d.name(), pick(r, d.v.teams))
		for range 3 + r.IntN(5) {
			fmt.Fprintf(d, "      - {name: %s, type: %s}\n", pick(r, d.v.attributes), pick(r, []string{"string", "bigint", "date"}))
		}
	}
	return []byte(d.String())
}
