// Package secretsmanager reads secrets of AWS Secrets Manager. It stands apart from package secret so that a function
// on another cloud does not carry AWS's SDK.
package secretsmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// Scheme is how a reference to such a secret begins: secretsmanager://<name or ARN>[#<key of its JSON>].
const Scheme = "secretsmanager"

// New reads secrets with the given configuration of the SDK.
func New(config aws.Config) secret.Fetch {
	client := secretsmanager.NewFromConfig(config)
	return func(ctx context.Context, name string) (string, error) {
		id, key, hasKey := strings.Cut(name, "#")
		answer, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		if missing := (*types.ResourceNotFoundException)(nil); errors.As(err, &missing) {
			return "", fault.Errorf(fault.Denied, "Secrets Manager has no secret %q with a value in this account and region", id)
		}
		if err != nil {
			return "", awssdk.Classify(err)
		}
		if answer.SecretString == nil {
			return "", fault.Errorf(fault.Denied, "the secret %q is binary; store it as text", id)
		}
		if hasKey {
			return field(*answer.SecretString, key)
		}
		return *answer.SecretString, nil
	}
}

// field is a string in a JSON object. Its errors do not show the object.
func field(object, key string) (string, error) {
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
