// Package secretsmanager reads secrets of AWS Secrets Manager. It stands apart from package secret so that a function
// on another cloud does not carry AWS's SDK.
package secretsmanager

import (
	"context"
	"errors"
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
			return secret.Field(*answer.SecretString, key)
		}
		return *answer.SecretString, nil
	}
}
