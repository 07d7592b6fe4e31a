package minio

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/dagferry/dagferry/internal/awssdk"
)

// webhookARN names the target that WithWebhook makes; T is the end of its variables' names.
const webhookARN = "arn:minio:sqs::T:webhook"

// Notify sends the bucket's creations and removals below a prefix to the webhook. A server that has just started may
// not know its webhook yet.
func (s *Server) Notify(t testing.TB, bucket, prefix string) {
	t.Helper()
	err := s.notify(t.Context(), bucket, prefix)
	for end := time.Now().Add(startTime); awssdk.Code(err) == "InvalidArgument" && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
		err = s.notify(t.Context(), bucket, prefix)
	}
	if err != nil {
		t.Fatalf("send notifications: %v", err)
	}
}

func (s *Server) notify(ctx context.Context, bucket, prefix string) error {
	_, err := s.Client().PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket,
		NotificationConfiguration: &types.NotificationConfiguration{
			QueueConfigurations: []types.QueueConfiguration{{
				QueueArn: aws.String(webhookARN),
				Events:   []types.Event{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"},
				Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{
					FilterRules: []types.FilterRule{{Name: types.FilterRuleNamePrefix, Value: &prefix}},
				}},
			}},
		},
	})
	return err
}

// Stranger is a configuration whose key the server does not know.
func (s *Server) Stranger() aws.Config {
	return s.config(credentials.NewStaticCredentialsProvider("stranger", "does-not-matter", ""))
}

// WrongSecret is the root user's key with a secret that is not its own.
func (s *Server) WrongSecret() aws.Config {
	return s.config(credentials.NewStaticCredentialsProvider(s.AccessKey, "does-not-matter", ""))
}

// ReadOnly is a configuration that may list and read one bucket, and is denied all else: nobody at all, whom a bucket
// policy lets in. It is the one way to a real AccessDenied that needs no administration client.
func (s *Server) ReadOnly(t testing.TB, bucket string) aws.Config {
	t.Helper()
	policy := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Principal": {"AWS": ["*"]},
		"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::%[1]s", "arn:aws:s3:::%[1]s/*"]
	}]}`, bucket)
	_, err := s.Client().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy})
	if err != nil {
		t.Fatalf("allow everybody to read: %v", err)
	}
	return s.config(aws.AnonymousCredentials{})
}
