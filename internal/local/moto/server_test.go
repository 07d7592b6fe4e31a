package moto_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/local/moto"
)

func TestStart_secrets(t *testing.T) {
	client := secretsmanager.NewFromConfig(moto.Start(t).Config())
	_, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("dagferry/prod"), SecretString: aws.String("s3cret")})
	require.NoError(t, err)
	got, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("dagferry/prod")})
	require.NoError(t, err)
	assert.Equal(t, "s3cret", *got.SecretString)
}

func TestShared_queues(t *testing.T) {
	server := moto.Shared(t)
	assert.Same(t, server, moto.Shared(t))
	client := sqs.NewFromConfig(server.Config())
	queue, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("events")})
	require.NoError(t, err)
	_, err = client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("hello")})
	require.NoError(t, err)
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl})
	require.NoError(t, err)
	require.Len(t, got.Messages, 1)
	assert.Equal(t, "hello", *got.Messages[0].Body)
}
