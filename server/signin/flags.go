package signin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Flags are the flags of a command that needs to know who asks. A secret is never in a flag, which
// others on the computer can read.
type Flags struct {
	OIDCIssuer           string        `name:"oidc-issuer" help:"Address of the OpenID Connect provider that people sign in with. Needs --database."`
	OIDCClientID         string        `name:"oidc-client-id" help:"Id of the console at the provider."`
	OIDCClientSecretFile string        `name:"oidc-client-secret-file" help:"File with the console's secret at the provider. Without it, KEYFERRY_OIDC_CLIENT_SECRET; with neither, the console is a public client."`
	OIDCGroupsClaim      string        `name:"oidc-groups-claim" default:"groups" help:"Claim with the groups of a person. a.b means b within a."`
	OIDCScope            []string      `name:"oidc-scope" help:"A further scope to ask for, such as groups. openid, profile and email are asked for always."`
	OIDCACR              []string      `name:"oidc-acr" help:"A class of authentication (acr) that a sign-in must be of, such as phr. May be given several times: one of them must hold."`
	BaseURL              string        `name:"base-url" help:"Address of the console as browsers have it, such as https://keyferry.example."`
	SignInIdle           time.Duration `name:"sign-in-idle" default:"30m" help:"How long a session lasts without a request."`
	SignInLimit          time.Duration `name:"sign-in-limit" default:"12h" help:"How long a session lasts at most."`
	SignInsPerAddress    float64       `name:"sign-ins-per-address" default:"20" help:"How many steps of signing in a second to take from one address, after a burst of five times as many. A sign-in has two."`
	NoStepUp             bool          `name:"no-step-up" help:"Do not ask people to sign in again before they submit or approve."`
}

// clientSecret is the environment variable with the console's secret at the provider.
const clientSecret = "KEYFERRY_OIDC_CLIENT_SECRET"

// maxSecret is the largest secret in bytes.
const maxSecret = 4096

// Config returns what the flags say.
func (f Flags) Config() (Config, error) {
	c := Config{
		Issuer: f.OIDCIssuer, ClientID: f.OIDCClientID, ClientSecret: os.Getenv(clientSecret), GroupsClaim: f.OIDCGroupsClaim,
		Scopes: f.OIDCScope, ACR: f.OIDCACR, BaseURL: f.BaseURL, Idle: f.SignInIdle, Limit: f.SignInLimit, StepUp: !f.NoStepUp,
		PerAddress: f.SignInsPerAddress,
	}
	if f.SignInsPerAddress < 0 {
		return c, errors.New("--sign-ins-per-address must not be below 0")
	}
	if f.OIDCIssuer == "" && (f.OIDCClientID != "" || f.OIDCClientSecretFile != "" || len(f.OIDCScope) > 0 || len(f.OIDCACR) > 0) {
		return c, errors.New("--oidc-client-id, --oidc-client-secret-file, --oidc-scope and --oidc-acr need --oidc-issuer")
	}
	if f.OIDCClientSecretFile == "" {
		return c, nil
	}
	file, err := os.Open(f.OIDCClientSecretFile)
	if err != nil {
		return c, fmt.Errorf("--oidc-client-secret-file: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return c, fmt.Errorf("--oidc-client-secret-file: %w", err)
	}
	c.ClientSecret = strings.TrimRight(string(content), "\r\n")
	if c.ClientSecret == "" || len(c.ClientSecret) > maxSecret || strings.ContainsAny(c.ClientSecret, "\r\n\x00") {
		return c, fmt.Errorf("--oidc-client-secret-file: %s has not one line with a secret", f.OIDCClientSecretFile)
	}
	return c, nil
}
