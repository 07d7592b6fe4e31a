package s3

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/dagferry/dagferry/internal/awssdk"
	"github.com/dagferry/dagferry/internal/fault"
)

// explain classifies an error, and says to which object it happened and what to do where a code alone tells too
// little. It is nil for nil.
func (b *Bucket) explain(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	var archived *types.InvalidObjectState
	if errors.As(err, &archived) {
		return fault.Errorf(fault.Rejected, "%s %s: it is in the archive tier %s: restore it, or upload it again: %w",
			verb, b.URL(key), archiveTier(archived), err)
	}
	if awssdk.Code(err) == "InvalidRequest" && strings.Contains(err.Error(), "Server Side Encryption") {
		return fault.Errorf(fault.Rejected, "%s %s: it is encrypted with a key of its uploader's own (SSE-C), which nobody else has: upload it "+
			"with the bucket's encryption (SSE-S3 or SSE-KMS): %w", verb, b.URL(key), err)
	}
	if hint := b.hint(key, err); hint != "" {
		return fmt.Errorf("%s %s: %s: %w", verb, b.URL(key), hint, awssdk.Classify(err))
	}
	return fmt.Errorf("%s %s: %w", verb, b.URL(key), awssdk.Classify(err))
}

func archiveTier(e *types.InvalidObjectState) string {
	switch {
	case e.AccessTier != "":
		return string(types.StorageClassIntelligentTiering) + " " + string(e.AccessTier)
	case e.StorageClass != "":
		return string(e.StorageClass)
	default:
		return "(S3 did not say which)"
	}
}

func (b *Bucket) hint(key string, err error) string {
	switch awssdk.Code(err) {
	case "NoSuchBucket":
		return fmt.Sprintf("the bucket %s does not exist", b.at.bucket)
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return elsewhere(regionOf(err), b.client.Options().Region)
	case "AccessDenied":
		if key != "" && !strings.Contains(err.Error(), "kms:") {
			return "S3 says so of a missing object too, unless s3:ListBucket is allowed"
		}
	}
	return ""
}

// elsewhere says what to do about a bucket of another region, which may not be known.
func elsewhere(bucket, ours string) string {
	const where = "(a function has to run in the region of its state's bucket)"
	if bucket == "" {
		return fmt.Sprintf("the bucket is in another region, and this program speaks to %s: write the bucket's as region: beside the source's url %s", ours, where)
	}
	return fmt.Sprintf("the bucket is in the region %s, and this program speaks to %s: write region: %s beside the source's url %s", bucket, ours, bucket, where)
}

// regionOf is where the bucket is, as the refusal tells, or "".
func regionOf(err error) string {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		return answer.Response.Header.Get("x-amz-bucket-region")
	}
	return ""
}
