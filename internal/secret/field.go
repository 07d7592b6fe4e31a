package secret

import (
	"encoding/json"
	"fmt"
)

// Field is a text in a JSON object, which is how several secrets are kept as one. Its errors do not show the object.
func Field(object, key string) (string, error) {
	var fields map[string]any
	if json.Unmarshal([]byte(object), &fields) != nil {
		return "", fmt.Errorf("it is no JSON object, so it has no key %q", key)
	}
	value, ok := fields[key].(string)
	if !ok {
		return "", fmt.Errorf("its JSON has no text under the key %q", key)
	}
	return value, nil
}
