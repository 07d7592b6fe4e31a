package gcpsdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/api/googleapi"
)

// Status is the status of the HTTP answer behind the error, or 0.
func Status(err error) int {
	if a := answerOf(err); a != nil {
		return a.Code
	}
	return 0
}

// Reason is the JSON API's word for a refusal, such as conditionNotMet, or "". Media reads, whose refusals are plain
// text, give none.
func Reason(err error) string {
	if a := answerOf(err); a != nil {
		reason, _ := parsed(a)
		return reason
	}
	return ""
}

// Message is what the answer says to people, in one line, or "".
func Message(err error) string {
	if a := answerOf(err); a != nil {
		_, message := parsed(a)
		return message
	}
	return ""
}

func answerOf(err error) *googleapi.Error {
	var a *googleapi.Error
	if errors.As(err, &a) {
		return a
	}
	return nil
}

// parsed reads an answer that the library may have left alone: it parses those to its JSON calls only.
func parsed(a *googleapi.Error) (reason, message string) {
	var body struct{ Error googleapi.Error }
	if len(a.Errors) == 0 && a.Message == "" && json.Unmarshal([]byte(a.Body), &body) == nil && body.Error.Message != "" {
		a = &body.Error
	}
	if len(a.Errors) > 0 {
		reason = a.Errors[0].Reason
	}
	if message = a.Message; message == "" {
		message = a.Body
	}
	return reason, line(message)
}

// line is the text in one line, cut where it gets too long to be a message: a proxy's 502 may be a page of HTML.
func line(text string) string {
	const longest = 300
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

// told is an HTTP answer in one line.
type told struct {
	text string
	err  error
}

func (t *told) Error() string { return t.text }
func (t *told) Unwrap() error { return t.err }

// tell is err in one line where it is an HTTP answer, and err otherwise.
func tell(err error) error {
	a := answerOf(err)
	if a == nil {
		return err
	}
	reason, message := parsed(a)
	text := fmt.Sprintf("the answer was %d", a.Code)
	if reason != "" {
		text += " " + reason
	}
	if message != "" {
		text += ": " + message
	}
	return &told{text, err}
}
