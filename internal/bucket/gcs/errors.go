package gcs

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/gcpsdk"
)

// explain classifies an error, and says to which object it happened and what to do where a code alone tells too
// little. It is nil for nil.
func (b *Bucket) explain(verb, key string, err error) error {
	if err == nil {
		return nil
	}
	told := gcpsdk.Classify(err)
	switch {
	case gcpsdk.Status(err) == http.StatusNotFound: // a missing object was dealt with before
		return fault.Errorf(fault.Denied, "%s %s: the bucket %s does not exist: %w", verb, b.URL(key), b.at.bucket, told)
	case underCustomersKey(err):
		return fault.Errorf(fault.Rejected, "%s %s: it is encrypted with a key of its uploader's own (customer-supplied), "+
			"which nobody else has: upload it with the bucket's encryption: %w", verb, b.URL(key), told)
	case strings.Contains(err.Error(), badChecksum):
		told = fault.As(fault.Transient, told)
	}
	if advice := hint(verb, err); advice != "" {
		return fmt.Errorf("%s %s: %s: %w", verb, b.URL(key), advice, told)
	}
	return fmt.Errorf("%s %s: %w", verb, b.URL(key), told)
}

// badChecksum is in what the client library says when an object was damaged on its way; the error has no type.
const badChecksum = "bad CRC on read"

// underCustomersKey: media reads say so in words only.
func underCustomersKey(err error) bool {
	return gcpsdk.Reason(err) == "resourceIsEncryptedWithCustomerEncryptionKey" ||
		gcpsdk.Status(err) == http.StatusBadRequest && strings.Contains(gcpsdk.Message(err), "is encrypted by a customer-supplied encryption key")
}

func hint(verb string, err error) string {
	switch gcpsdk.Reason(err) {
	case "retentionPolicyNotMet", "objectUnderActiveHold":
		return "nothing may replace it: keep dagferry's state in a bucket without retention or holds"
	}
	switch {
	case gcpsdk.KMSRefuses(err):
		return "the bucket's KMS key refuses"
	case gcpsdk.Status(err) != http.StatusForbidden || fault.Of(gcpsdk.Classify(err)) != fault.Denied:
		return ""
	case verb == "list":
		return "reading takes roles/storage.objectViewer on the bucket"
	case verb == "read":
		return "Cloud Storage says so of a missing object too, unless storage.objects.list is allowed"
	default:
		return "writing takes roles/storage.objectUser on the bucket, because replacing an object takes storage.objects.delete too"
	}
}

// explainRead is explain for a read that failed. It names the KMS key that refused, which the refusal does not have: the
// object's metadata does, and can be read without the key.
func (b *Bucket) explainRead(ctx context.Context, key string, err error) error {
	if !gcpsdk.KMSRefuses(err) {
		return b.explain("read", key, err)
	}
	name := "of the object"
	ctx, c := b.watched(ctx)
	if attrs, failed := b.handle(key, c).Attrs(ctx); failed == nil && attrs.KMSKeyName != "" {
		name = attrs.KMSKeyName
	}
	return fmt.Errorf("read %s: the KMS key %s refuses: %w", b.URL(key), name, gcpsdk.Classify(err))
}
