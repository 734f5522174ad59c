package localkms

import (
	"context"
	"strings"
	"time"
)

// admit authenticates a request and returns the call that it makes.
func (k *KMS) admit(ctx context.Context, req *request, id string) (*call, error) {
	who, err := k.authenticate(req)
	if err != nil {
		return nil, err
	}
	params := req.params()
	name, version := params["Action"], params["Version"]
	if req.headerSigned() {
		name, version = req.header.Get("X-Acs-Action"), req.header.Get("X-Acs-Version")
	}
	switch {
	case name == "":
		return nil, missingCommon("Action")
	case version == "":
		return nil, missingCommon("Version")
	case version != apiVersion:
		return nil, errVersion
	}
	act, ok := actions[name]
	if !ok {
		return nil, errNoSuchAction
	}
	c := &call{
		ctx:       ctx,
		id:        id,
		action:    name,
		rule:      act,
		params:    params,
		account:   who.Account,
		accessKey: who,
		now:       k.clock.Now(),
		faults:    &activeFaults{},
	}
	if !who.may(name) {
		return nil, c.denied()
	}
	return c, k.quotas.take(c, k.clock.machine())
}

// authenticate finds out who signed the request, and whether they really did.
func (k *KMS) authenticate(req *request) (AccessKey, error) {
	if req.headerSigned() {
		return k.authenticateV3(req)
	}
	return k.authenticateV1(req)
}

func (k *KMS) authenticateV1(req *request) (AccessKey, error) {
	var none AccessKey
	for _, name := range []string{"AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"} {
		if req.param(name) == "" {
			return none, missingCommon(name)
		}
	}
	if req.param("SignatureMethod") != "HMAC-SHA1" {
		return none, errSignatureMethod
	}
	if req.param("SignatureVersion") != "1.0" {
		return none, errIncomplete
	}
	who, err := k.accessKey(req.param("AccessKeyId"))
	if err != nil {
		return none, err
	}
	stamp, err := k.timely(req.param("Timestamp"))
	if err != nil {
		return none, err
	}
	if err := who.checkToken(req.param("SecurityToken"), k.clock.machine()); err != nil {
		return none, err
	}
	if err := verifyV1(req, who.Secret); err != nil {
		return none, err
	}
	// The service's own list of common parameters has no nonce, and its signed
	// example goes without: a replay can be told only when there is one.
	if nonce := req.param("SignatureNonce"); nonce != "" && !k.nonces.use(who.ID, nonce, stamp, k.clock.machine()) {
		return none, errNonceUsed
	}
	return who, nil
}

func (k *KMS) authenticateV3(req *request) (AccessKey, error) {
	var none AccessKey
	auth, err := parseAuthorization(req.header.Get("Authorization"))
	if err != nil {
		return none, err
	}
	who, err := k.accessKey(auth.accessKeyID)
	if err != nil {
		return none, err
	}
	stamp, err := k.timely(req.header.Get("X-Acs-Date"))
	if err != nil {
		return none, err
	}
	token := req.header.Get("X-Acs-Security-Token")
	if err := who.checkToken(token, k.clock.machine()); err != nil {
		return none, err
	}
	if err := verifyV3(req, auth, who.Secret); err != nil {
		return none, err
	}
	nonce := req.header.Get("X-Acs-Signature-Nonce")
	if nonce == "" {
		return none, errIncomplete
	}
	if !k.nonces.use(who.ID, nonce, stamp, k.clock.machine()) {
		return none, errNonceUsed
	}
	return who, nil
}

func (k *KMS) accessKey(id string) (AccessKey, error) {
	key, ok := k.access.find(id)
	if !ok {
		return key, errAccessKeyNotFound
	}
	if key.Inactive {
		return key, errAccessKeyInactive
	}
	return key, nil
}

// timely reads a request's time and holds it against the machine's.
func (k *KMS) timely(value string) (time.Time, error) {
	stamp, err := time.Parse(timeLayout, value)
	if err != nil {
		return stamp, errTimeFormat
	}
	if age := k.clock.machine().Sub(stamp); age > window || age < -window {
		return stamp, errTimeExpired
	}
	return stamp, nil
}

// checkToken holds the security token of a request against the credential.
func (a AccessKey) checkToken(token string, now time.Time) error {
	switch {
	case a.SecurityToken == "" && token == "":
		return nil
	case token == "":
		return errNoSecurityToken
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errSecurityTokenForm
	case a.SecurityToken != token:
		return errSecurityToken
	case !a.Expires.IsZero() && !now.Before(a.Expires):
		return errSecurityTokenStale
	}
	return nil
}
