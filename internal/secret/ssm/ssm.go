// Package ssm reads parameters of AWS Systems Manager's Parameter Store: secrets, and configurations. It stands apart from
// package secret so that a function on another cloud does not carry AWS's SDK.
package ssm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// Scheme is how the address of a parameter begins: ssm://name, ssm:///path/name (or ssm://path/name), or an ARN; with
// :version or :label behind it for one that is not the newest.
const Scheme = "ssm"

// New reads secrets, decrypted, with the given configuration of the SDK.
func New(config aws.Config) secret.Fetch {
	client := ssm.NewFromConfig(config)
	return func(ctx context.Context, name string) (string, error) {
		p, err := get(ctx, client, name)
		return aws.ToString(p.Value), err
	}
}

// Document reads a parameter by its whole address, as package config wants configurations read: what it holds, and a
// version that is another whenever that is. A standard parameter holds 4 KB, an advanced one 8 KB.
func Document(config aws.Config) func(ctx context.Context, url string) (text []byte, version string, err error) {
	client := ssm.NewFromConfig(config)
	return func(ctx context.Context, url string) ([]byte, string, error) {
		p, err := get(ctx, client, strings.TrimPrefix(url, Scheme+"://"))
		if err != nil {
			return nil, "", fmt.Errorf("read %s: %w", url, err)
		}
		// A parameter that was deleted and made anew begins at version 1 again.
		version := fmt.Sprintf("%d of %d", p.Version, aws.ToTime(p.LastModifiedDate).UnixNano())
		return []byte(aws.ToString(p.Value)), version, nil
	}
}

// get reads one parameter.
func get(ctx context.Context, client *ssm.Client, name string) (types.Parameter, error) {
	name = qualified(name)
	answer, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: aws.Bool(true)})
	switch {
	case isMissing(err):
		return types.Parameter{}, fault.Errorf(fault.Denied, "Parameter Store has no parameter %q in this account and region", name)
	case err != nil && isKey(err):
		return types.Parameter{}, fault.Errorf(fault.Denied, "the KMS key of the parameter %q refuses: it must be enabled, and allow kms:Decrypt: %w", name, err)
	case err != nil:
		return types.Parameter{}, awssdk.Classify(err)
	case answer.Parameter.Type == types.ParameterTypeStringList:
		return types.Parameter{}, fault.Errorf(fault.Denied, "the parameter %q is a StringList; store it as a SecureString", name)
	}
	return *answer.Parameter, nil
}

// qualified puts a slash before a name with folders, without which Parameter Store takes it for malformed.
func qualified(name string) string {
	if strings.Contains(name, "/") && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "arn:") {
		return "/" + name
	}
	return name
}

func isMissing(err error) bool {
	var (
		name    *types.ParameterNotFound
		version *types.ParameterVersionNotFound
	)
	return errors.As(err, &name) || errors.As(err, &version)
}

// isKey reports whether it is the KMS key that refused. Parameter Store hands on KMS's words without KMS's code: "The
// ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access",
// or the usual "not authorized to perform: kms:Decrypt on resource: …".
func isKey(err error) bool {
	var key *types.InvalidKeyId
	text := err.Error()
	return errors.As(err, &key) || awssdk.Code(err) == "AccessDeniedException" &&
		(strings.Contains(text, "ciphertext refers to") || strings.Contains(text, "kms:Decrypt"))
}
