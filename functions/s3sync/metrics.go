package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/dagferry/dagferry/internal/syncer"
)

// metrics writes how runs ended in CloudWatch's embedded metric format: a line of the log, from which CloudWatch makes
// metrics, without a request ("Embedded metric format specification").
type metrics struct{ out io.Writer }

// namespace is where the metrics are in CloudWatch.
const namespace = "dagferry"

type (
	directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	metric struct{ Name, Unit string }
)

func (m metrics) ended(r syncer.Record) {
	line := map[string]any{"Target": r.Target, "Outcome": r.Outcome, "Runs": 1, "run": r.Run}
	var told []metric
	tell := func(name, unit string, value any) {
		line[name] = value
		told = append(told, metric{name, unit})
	}
	tell("Requests", "Count", r.StoreRequests())
	if r.Outcome == syncer.Deployed {
		tell("DeploySeconds", "Seconds", r.Seconds)
		tell("Files", "Count", r.Files)
		tell("Bytes", "Bytes", r.Bytes)
	}
	if r.LagSeconds != nil {
		tell("LagSeconds", "Seconds", *r.LagSeconds)
	}
	if r.TokenDaysLeft != nil {
		tell("TokenDaysLeft", "Count", *r.TokenDaysLeft)
	}
	line["_aws"] = map[string]any{"Timestamp": time.Now().UnixMilli(), "CloudWatchMetrics": []directive{
		{namespace, [][]string{{"Target", "Outcome"}}, []metric{{"Runs", "Count"}}},
		{namespace, [][]string{{"Target"}}, told},
	}}
	_ = json.NewEncoder(m.out).Encode(line) // the log is all there is to tell of it
}
