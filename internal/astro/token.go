package astro

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/fault"
	"github.com/dagferry/dagferry/internal/secret"
)

// Claims is what a token says about itself. It is read without verification [seen, the CLI does so too]: Astro
// verifies, we only want to know.
type Claims struct {
	// Organization, Workspace and Deployment are the ids that permissions[] names; a token of a whole organization
	// names no Workspace, a Workspace's no Deployment.
	Organization, Workspace, Deployment string
	// APITokenID is empty in a person's token, which CI/CD enforcement refuses [seen, doc].
	APITokenID string
	// Expires is zero when the token does not expire.
	Expires time.Time
}

// MakeToken says which token to make.
const MakeToken = "Make a Deployment API token (in Astro: Deployment → Access → API Tokens) and store it where the old one is"

// FewDays is when the end of a token is near: people are told, so that they make another one in office hours.
const FewDays = 14

// IsPerson reports whether the token is a person's, from a login, and no API token.
func (c Claims) IsPerson() bool { return c.APITokenID == "" }

// DaysLeft is how many whole days the token still lasts at now, and false if it does not expire.
func (c Claims) DaysLeft(now time.Time) (int, bool) {
	if c.Expires.IsZero() {
		return 0, false
	}
	return int(c.Expires.Sub(now) / (24 * time.Hour)), true
}

var errNoToken = errors.New("read token: it is no API token of Astro (which is a JWT: three parts with dots between). " +
	"Make a Deployment API token and store it as it is, without quotes or line breaks")

func readClaims(token secret.Value) (Claims, error) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return Claims{}, errNoToken
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Claims{}, errNoToken
	}
	var wire struct {
		Permissions []string `json:"permissions"`
		APITokenID  string   `json:"apiTokenId"`
		Exp         float64  `json:"exp"`
	}
	// The error is not told: it could quote the token.
	if json.Unmarshal(payload, &wire) != nil || strings.ContainsAny(token.Reveal(), " \t\r\n") {
		return Claims{}, errNoToken
	}
	claims := Claims{APITokenID: wire.APITokenID}
	if wire.Exp > 0 {
		claims.Expires = time.Unix(int64(min(wire.Exp, 1e11)), 0).UTC() // 1e11 is the year 5138
	}
	claims.scope(wire.Permissions)
	return claims, nil
}

// scope takes the ids out of permissions[], whose entries are such as organizationId:<id> [seen]; deploymentId is
// [inferred] from the other two.
func (c *Claims) scope(permissions []string) {
	fields := map[string]*string{
		"organizationId": &c.Organization, "workspaceId": &c.Workspace, "deploymentId": &c.Deployment,
	}
	for _, p := range permissions {
		name, id, _ := strings.Cut(p, ":")
		if field := fields[name]; field != nil && *field == "" {
			*field = id
		}
	}
}

// checkExpiry refuses before Astro does, and says more. A Client may outlive its token.
func (c *Client) checkExpiry() error {
	if c.claims.Expires.IsZero() || c.now().Before(c.claims.Expires) {
		return nil
	}
	return fault.As(fault.Denied, &Error{
		Op: "use token", refusedHere: true,
		Message: "it expired on " + c.claims.Expires.Format(time.DateOnly),
		hint:    MakeToken,
	})
}
