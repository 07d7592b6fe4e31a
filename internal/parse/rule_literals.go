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
	for _, schedule := range a.Crons {
		if err := cron.Check(schedule.text); err != nil && schedule.at.where() != maybe {
			message := fmt.Sprintf("schedule %q: %v", schedule.text, err)
			f := located(RuleCron, message, schedule.at.line(), schedule.text, data)
			f.Later = schedule.at.where() == later
			facts = append(facts, f)
		}
	}
	for _, call := range a.Calls {
		refused, err := c.airflow.refused(call)
		if err != nil {
			return nil, err
		}
		for _, argument := range call.arguments {
			if message := refused[argument.id]; message != "" && call.where != maybe {
				f := located(RuleArgument, message, int(argument.line), argument.id, data)
				f.Later, f.Soft = call.where == later, c.airflow.soft
				facts = append(facts, f)
			}
		}
	}
	return facts[:min(len(facts), maxFacts)], nil
}
