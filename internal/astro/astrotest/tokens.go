package astrotest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// DefaultOrganization is what a token is of that names no other.
const DefaultOrganization = "clsimorganization"

// defaultWorkspace is where a Deployment is that a token of a whole organization used first.
const defaultWorkspace = "clsimworkspace"

// readOnly is how a token of this simulator says so; Astro's roles are not in its tokens.
const readOnly = "simReadOnly"

// TokenOptions are what a token says about itself.
type TokenOptions struct {
	// Organization, "" is DefaultOrganization.
	Organization string
	// Workspace and Deployment limit what the token sees.
	Workspace, Deployment string
	// User makes it a person's token, which CI/CD enforcement refuses, and not an API token.
	User bool
	// ReadOnly makes it a token whose role may neither deploy nor update.
	ReadOnly bool
	// Name of the API token, as deploys show it.
	Name string
	// Expires, the zero time is 90 days from now.
	Expires time.Time
}

// Token makes a token. Nobody checks its signature.
func (s *Server) Token(o TokenOptions) string {
	if o.Expires.IsZero() {
		o.Expires = s.o.Now().Add(90 * 24 * time.Hour)
	}
	return Token(o)
}

// Token makes a token without a server; it does not expire unless told.
func Token(o TokenOptions) string {
	if o.Organization == "" {
		o.Organization = DefaultOrganization
	}
	permissions := []string{"organizationId:" + o.Organization}
	if o.Workspace != "" {
		permissions = append(permissions, "workspaceId:"+o.Workspace)
	}
	if o.Deployment != "" {
		permissions = append(permissions, "deploymentId:"+o.Deployment)
	}
	if o.ReadOnly {
		permissions = append(permissions, readOnly)
	}
	claims := map[string]any{"iss": "astrotest", "permissions": permissions, "sub": "clsimperson"}
	if !o.User {
		claims["sub"], claims["apiTokenId"], claims["apiTokenName"] = "clsimtoken", "clsimtoken", o.Name
	}
	if !o.Expires.IsZero() {
		claims["exp"] = o.Expires.Unix()
	}
	payload, _ := json.Marshal(claims) // strings and a number
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(payload)
	return signed + "." + encode(sum(signed))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sum is a signature that looks like one.
func sum(s string) []byte {
	h := hmac.New(sha256.New, []byte("astrotest"))
	h.Write([]byte(s))
	return h.Sum(nil)
}

// caller is the one who a token stands for.
type caller struct {
	token, subject, tokenID, tokenName  string
	organization, workspace, deployment string
	readOnly                            bool
}

func readCaller(authorization string, now time.Time) (caller, error) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 {
		return caller{}, problem(http.StatusUnauthorized, "authentication token is missing or malformed")
	}
	var claims struct {
		Sub          string
		Permissions  []string
		APITokenID   string `json:"apiTokenId"`
		APITokenName string `json:"apiTokenName"`
		Exp          int64
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return caller{}, problem(http.StatusUnauthorized, "authentication token is malformed")
	}
	if claims.Exp != 0 && now.Unix() >= claims.Exp {
		return caller{}, problem(http.StatusUnauthorized, "authentication token is expired")
	}
	c := caller{token: token, subject: claims.Sub, tokenID: claims.APITokenID, tokenName: claims.APITokenName}
	for _, p := range claims.Permissions {
		c.permit(p)
	}
	if c.organization == "" {
		return caller{}, problem(http.StatusUnauthorized, "authentication token has no organization")
	}
	return c, nil
}

func (c *caller) permit(permission string) {
	switch name, id, _ := strings.Cut(permission, ":"); name {
	case readOnly:
		c.readOnly = true
	case "organizationId":
		c.organization = id
	case "workspaceId":
		c.workspace = id
	case "deploymentId":
		c.deployment = id
	}
}

// sees reports whether the token's scope has the Deployment in it.
func (c caller) sees(d *deployment) bool {
	return c.organization == d.organization &&
		(c.workspace == "" || c.workspace == d.workspace) && (c.deployment == "" || c.deployment == d.id)
}

// subjectOf is how a deploy names who made it [doc].
func (c caller) subjectOf() Subject {
	if c.tokenID == "" {
		return Subject{ID: c.subject, Type: "USER"}
	}
	return Subject{ID: c.tokenID, Type: "SERVICEKEY", APITokenName: c.tokenName}
}
