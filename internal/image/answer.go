package image

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/dagferry/dagferry/internal/fault"
)

// maxSaid bounds what an error repeats of a registry's words: some answer with a page.
const maxSaid = 300

// answer makes an error of the registry one of ours. The library's own does not stay in it: a registry may repeat what it was sent, and the
// token must not be found in an error.
func (d *destination) answer(ctx context.Context, verb string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s to %s: %w", verb, d.repository, ctx.Err())
	}
	said := clean(err, []string{
		d.token.Reveal(), url.QueryEscape(d.token.Reveal()), url.PathEscape(d.token.Reveal()),
		base64.StdEncoding.EncodeToString([]byte(user + ":" + d.token.Reveal())),
	})
	kind, meaning, remedy := classify(err)
	if meaning == "" {
		return fault.Errorf(kind, "%s to %s: %s", verb, d.repository, said)
	}
	return fault.Errorf(kind, "%s to %s: %s: %s. %s", verb, d.repository, meaning, said, remedy)
}

// classify says what may be done about an error of a push: what it means and what helps, where that is known.
func classify(err error) (kind fault.Kind, meaning, remedy string) {
	status := statusOf(err)
	switch {
	case status == http.StatusUnauthorized:
		return fault.Denied, "the registry refused the token (401)", "Make a Deployment API token and store it where the old one is"
	case status == http.StatusForbidden:
		return fault.Denied, "the token may not push there (403)", "Use an API token of this Deployment, its Workspace or its organization"
	case status == http.StatusNotFound:
		return fault.Denied, "the registry does not know the repository (404)", "Check the Deployment's id, and that the token is one of the same organization"
	case untrusted(err):
		return fault.Denied, "the registry's certificate is not trusted", "Is there a proxy between? Its certificate authority has to be known here"
	case passes(status, err):
		return fault.Transient, "", ""
	default:
		return fault.Broken, "", ""
	}
}

// statusOf is the status of the registry's answer, 0 without one.
func statusOf(err error) int {
	var answered *transport.Error
	if errors.As(err, &answered) {
		return answered.StatusCode
	}
	return 0
}

func untrusted(err error) bool {
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// passes reports whether the same request may succeed later: the registry or the way to it has trouble, or too many ask. An upload that was cut off may
// leave an upload that the registry calls unknown or invalid (404 with BLOB_UPLOAD_UNKNOWN is one of its codes); the next try begins a new one.
func passes(status int, err error) bool {
	if status != 0 {
		return status >= 500 && status != http.StatusNotImplemented || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout ||
			status == http.StatusRequestedRangeNotSatisfiable
	}
	var local *fs.PathError
	var network net.Error
	return !errors.As(err, &local) && (errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF))
}

// clean is what an error says, in one line of bounded length, without the URL (which may be signed) and without the secrets.
func clean(err error, secrets []string) string {
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	text := err.Error()
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, hidden)
		}
	}
	return cut(strings.Join(strings.Fields(text), " "), maxSaid)
}

// loopback reports whether a registry is on this machine.
func loopback(r name.Registry) bool {
	host := r.RegistryStr()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
