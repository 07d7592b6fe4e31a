package gcpsdk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/httptransport"
	"cloud.google.com/go/compute/metadata"
	"google.golang.org/api/iamcredentials/v1"
	"google.golang.org/api/option"

	"github.com/dagferry/dagferry/internal/fault"
)

// signScope is what IAM's signBlob takes; Cloud Storage's own scopes are none of it ("projects.serviceAccounts.signBlob").
const signScope = "https://www.googleapis.com/auth/cloud-platform"

// Account is the service account that this process is, for signing as it.
type Account struct {
	// Email names it.
	Email string
	// Key is its private key in PEM, if the credentials have one; or else IAM signs.
	Key []byte

	service *iamcredentials.Service
}

// FindAccount looks for the service account of Google's default chain. That there is none, but a person or nobody, is
// fault.Denied. iam is the address of a stand-in for IAM's credentials API, Google's own if empty.
func FindAccount(ctx context.Context, iam string) (Account, error) {
	found, err := Credentials(signScope)
	if err != nil {
		return Account{}, err
	}
	a, err := accountOf(ctx, found)
	if err != nil || len(a.Key) > 0 {
		return a, err
	}
	client, err := httptransport.NewClient(&httptransport.Options{Credentials: found, BaseRoundTripper: base(), DisableTelemetry: true})
	if err != nil {
		return Account{}, fault.As(fault.Denied, err)
	}
	options := []option.ClientOption{option.WithHTTPClient(client)}
	if iam != "" {
		options = append(options, option.WithEndpoint(iam))
	}
	a.service, err = iamcredentials.NewService(ctx, options...)
	return a, err
}

// accountOf reads the file that credentials are of ("Application Default Credentials"); those of a machine or a function have
// none, and its metadata server tells.
func accountOf(ctx context.Context, found *auth.Credentials) (Account, error) {
	var file struct {
		Type        string `json:"type"`
		Email       string `json:"client_email"`
		Key         string `json:"private_key"`
		Impersonate string `json:"service_account_impersonation_url"`
	}
	if text := found.JSON(); len(text) > 0 {
		if err := json.Unmarshal(text, &file); err != nil {
			return Account{}, fault.Errorf(fault.Denied, "read the Google credentials: they are no JSON")
		}
		if _, after, is := strings.Cut(file.Impersonate, "/serviceAccounts/"); is {
			file.Email, _, _ = strings.Cut(after, ":")
		}
		if file.Email == "" {
			return Account{}, fault.Errorf(fault.Denied, "the Google credentials (%s) are of no service account, and only one can sign: run as a service account", file.Type)
		}
		return Account{Email: file.Email, Key: []byte(file.Key)}, nil
	}
	email, err := metadata.EmailWithContext(ctx, "default")
	if err != nil {
		return Account{}, Classify(err)
	}
	return Account{Email: email}, nil
}

// Sign has IAM sign bytes as the account, by a key that nobody has (RSA, SHA-256).
func (a Account) Sign(ctx context.Context, data []byte) ([]byte, error) {
	call := a.service.Projects.ServiceAccounts.SignBlob("projects/-/serviceAccounts/"+a.Email, &iamcredentials.SignBlobRequest{
		Payload: base64.StdEncoding.EncodeToString(data),
	})
	answer, err := call.Context(ctx).Do()
	if Status(err) == http.StatusForbidden {
		return nil, fault.Errorf(fault.Denied, "sign as %s: it needs roles/iam.serviceAccountTokenCreator on itself, and the project the API "+
			"iamcredentials.googleapis.com: %w", a.Email, Classify(err))
	}
	if err != nil {
		return nil, fault.Errorf(fault.Of(Classify(err)), "sign as %s: %w", a.Email, Classify(err))
	}
	return base64.StdEncoding.DecodeString(answer.SignedBlob)
}
