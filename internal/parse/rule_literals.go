package parse

import (
	"fmt"

	"github.com/dagferry/dagferry/internal/parse/cron"
)

// literals are what the target's Airflow has against the literals of a file: its schedules and the names of arguments.
// They depend on nothing but the contents.
func (c *Checker) literals(a answer, data []byte) ([]fact, error) {
	if c.o.Level == LevelSyntax {
		return nil, nil
	}
	var facts []fact
	for i, expression := range a.Crons {
		if err := cron.Check(expression); err != nil && a.CronsAt[i].where() != maybe {
			message := fmt.Sprintf("schedule %q: %v", expression, err)
			f := located(RuleCron, message, a.CronsAt[i].line(), expression, data)
			f.Later = a.CronsAt[i].where() == later
			facts = append(facts, f)
		}
	}
	for _, call := range a.Calls {
		refused, err := c.airflow.refused(call)
		if err != nil {
			return nil, err
		}
		for i, argument := range call.Arguments {
			if message := refused[argument]; message != "" && call.Where != maybe {
				f := located(RuleArgument, message, int(call.Lines[i]), argument, data)
				f.Later, f.Soft = call.Where == later, c.airflow.soft
				facts = append(facts, f)
			}
		}
	}
	return facts[:min(len(facts), maxFacts)], nil
}
