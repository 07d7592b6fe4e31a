package gcssync

import (
	"encoding/json"
	"io"
	"time"

	"github.com/dagferry/dagferry/internal/syncer"
)

// metrics writes how runs ended into the log: a line whose fields log-based metrics count and measure, without a
// request. Fields are named as the Lambda function's metrics are; one that a run has nothing to tell by is left out.
type metrics struct{ out io.Writer }

func (m metrics) ended(r syncer.Record) {
	line := map[string]any{
		"severity": "INFO", "message": "run ended", "time": time.Now().UTC().Format(time.RFC3339Nano),
		"Runs": 1, "Target": r.Target, "Outcome": r.Outcome, "run": r.Run,
		"Requests": r.StoreRequests(),
	}
	if r.Outcome == syncer.Deployed {
		line["DeploySeconds"], line["Files"], line["Bytes"] = r.Seconds, r.Files, r.Bytes
	}
	if r.LagSeconds != nil {
		line["LagSeconds"] = *r.LagSeconds
	}
	if r.TokenDaysLeft != nil {
		line["TokenDaysLeft"] = *r.TokenDaysLeft
	}
	_ = json.NewEncoder(m.out).Encode(line) // the log is all there is to tell of it
}
