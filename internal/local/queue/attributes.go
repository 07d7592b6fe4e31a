package queue

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// receiveMessage tells a message's attributes only when they are asked for, as SQS does.
func receiveMessage(ctx context.Context, _ *Server, q *Queue, in input) (any, error) {
	limit, visibility := 1, time.Duration(-1)
	if in.MaxNumberOfMessages != nil {
		limit = *in.MaxNumberOfMessages
	}
	if in.VisibilityTimeout != nil {
		visibility = max(-1, time.Duration(*in.VisibilityTimeout)) * time.Second
		if visibility < 0 {
			return nil, validVisibility(visibility)
		}
	}
	messages, err := q.Receive(ctx, limit, time.Duration(in.WaitTimeSeconds)*time.Second, visibility)
	if err != nil {
		return nil, err
	}
	asked := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	out := []map[string]any{}
	for _, m := range messages {
		entry := map[string]any{"MessageId": m.ID, "ReceiptHandle": m.ReceiptHandle, "Body": m.Body, "MD5OfBody": m.MD5}
		if attributes := only(asked, m.Attributes()); len(attributes) > 0 {
			entry["Attributes"] = attributes
		}
		out = append(out, entry)
	}
	if len(out) == 0 {
		return struct{}{}, nil
	}
	return map[string]any{"Messages": out}, nil
}

// Attributes are the message's system attributes, by SQS's names; times in milliseconds.
func (m Message) Attributes() map[string]string {
	return map[string]string{
		"ApproximateReceiveCount":          strconv.Itoa(m.ReceiveCount),
		"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
		"SenderId":                         "AIDALOCAL",
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.FirstReceived.UnixMilli(), 10),
	}
}

func only(asked []string, all map[string]string) map[string]string {
	if slices.Contains(asked, "All") {
		return all
	}
	some := map[string]string{}
	for _, name := range asked {
		if value, known := all[name]; known {
			some[name] = value
		}
	}
	return some
}

func getAttributes(_ context.Context, _ *Server, q *Queue, in input) (any, error) {
	stats := q.Stats()
	all := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(stats.Visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(stats.InFlight),
		"ApproximateNumberOfMessagesDelayed":    "0",
		"CreatedTimestamp":                      strconv.FormatInt(q.created.Unix(), 10),
		"QueueArn":                              q.ARN(),
		"VisibilityTimeout":                     strconv.Itoa(int(q.attributes.Visibility.Seconds())),
	}
	if q.dead != nil {
		policy, err := json.Marshal(redrive{q.dead.ARN(), json.Number(strconv.Itoa(q.attributes.MaxReceives))})
		if err != nil {
			return nil, err
		}
		all["RedrivePolicy"] = string(policy)
	}
	return map[string]any{"Attributes": only(in.AttributeNames, all)}, nil
}

// redrive is a RedrivePolicy. Its count comes as a number or as a string.
type redrive struct {
	Target string      `json:"deadLetterTargetArn"`
	Max    json.Number `json:"maxReceiveCount"`
}

// createQueue knows the attributes VisibilityTimeout and RedrivePolicy; it refuses others rather than ignore them.
func (s *Server) createQueue(in input) (any, error) {
	var attributes Attributes
	for name, value := range in.Attributes {
		switch name {
		case "VisibilityTimeout":
			n, err := strconv.Atoi(value)
			if err != nil {
				return nil, problem("InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout.")
			}
			attributes.Visibility = time.Duration(n) * time.Second
		case "RedrivePolicy":
			var policy redrive
			if json.Unmarshal([]byte(value), &policy) != nil {
				return nil, problem("InvalidAttributeValue", "Invalid value for the parameter RedrivePolicy.")
			}
			n, _ := strconv.Atoi(policy.Max.String())
			attributes.MaxReceives, attributes.DeadLetter = n, nameIn(policy.Target)
		default:
			return nil, problem("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	q, err := s.Create(in.QueueName, attributes)
	if err != nil {
		return nil, err
	}
	return map[string]string{"QueueUrl": s.QueueURL(q)}, nil
}
