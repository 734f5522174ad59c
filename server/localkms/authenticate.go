package localkms

import (
	"context"
	"strings"
	"time"

	"keyferry/server/localkms/wire"
)

const apiVersion = "2016-01-20"

// admit authenticates a request and returns the call that it makes.
func (k *KMS) admit(ctx context.Context, req *wire.Request, id string) (*call, error) {
	who, err := k.authenticate(req)
	if err != nil {
		return nil, err
	}
	name, version := req.Target()
	switch {
	case name == "":
		return nil, wire.MissingCommon("Action")
	case version == "":
		return nil, wire.MissingCommon("Version")
	case version != apiVersion:
		return nil, wire.ErrVersion
	}
	act, ok := actions[name]
	if !ok {
		return nil, wire.ErrNoSuchAction
	}
	c := &call{
		ctx:       ctx,
		id:        id,
		action:    name,
		rule:      act,
		params:    req.Params(),
		account:   who.Account,
		accessKey: who,
		now:       k.clock.Now(),
		faults:    &activeFaults{},
	}
	if !c.mayCall(k.config.Region) {
		return nil, c.denied()
	}
	return c, k.quotas.take(c.account, act.class, k.clock.machine())
}

// authenticate verifies who signed the request.
func (k *KMS) authenticate(req *wire.Request) (AccessKey, error) {
	if req.HeaderSigned() {
		return k.authenticateV3(req)
	}
	return k.authenticateV1(req)
}

func (k *KMS) authenticateV1(req *wire.Request) (AccessKey, error) {
	var none AccessKey
	for _, name := range []string{"AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"} {
		if req.Param(name) == "" {
			return none, wire.MissingCommon(name)
		}
	}
	if req.Param("SignatureMethod") != "HMAC-SHA1" {
		return none, wire.ErrSignatureMethod
	}
	if req.Param("SignatureVersion") != "1.0" {
		return none, wire.ErrIncomplete
	}
	who, err := k.accessKey(req.Param("AccessKeyId"))
	if err != nil {
		return none, err
	}
	stamp, err := k.timely(req.Param("Timestamp"))
	if err != nil {
		return none, err
	}
	if err := who.checkToken(req.Param("SecurityToken"), k.clock.machine()); err != nil {
		return none, err
	}
	if err := wire.VerifyV1(req, who.Secret); err != nil {
		return none, err
	}
	// The service's own list of common parameters has no nonce, nor does its signed example: a
	// replay can be noticed only when there is one.
	if nonce := req.Param("SignatureNonce"); nonce != "" && !k.nonces.Use(who.ID, nonce, stamp, k.clock.machine()) {
		return none, wire.ErrNonceUsed
	}
	return who, nil
}

func (k *KMS) authenticateV3(req *wire.Request) (AccessKey, error) {
	var none AccessKey
	auth, err := wire.ParseAuthorization(req.Header("Authorization"))
	if err != nil {
		return none, err
	}
	who, err := k.accessKey(auth.AccessKeyID)
	if err != nil {
		return none, err
	}
	stamp, err := k.timely(req.Header("X-Acs-Date"))
	if err != nil {
		return none, err
	}
	token := req.Header("X-Acs-Security-Token")
	if err := who.checkToken(token, k.clock.machine()); err != nil {
		return none, err
	}
	if err := wire.VerifyV3(req, auth, who.Secret); err != nil {
		return none, err
	}
	nonce := req.Header("X-Acs-Signature-Nonce")
	if nonce == "" {
		return none, wire.ErrIncomplete
	}
	if !k.nonces.Use(who.ID, nonce, stamp, k.clock.machine()) {
		return none, wire.ErrNonceUsed
	}
	return who, nil
}

func (k *KMS) accessKey(id string) (AccessKey, error) {
	key, ok := k.access.find(id)
	if !ok {
		return key, wire.ErrAccessKeyNotFound
	}
	if key.Inactive {
		return key, wire.ErrAccessKeyInactive
	}
	return key, nil
}

// timely reads a request's time and compares it with the machine's.
func (k *KMS) timely(value string) (time.Time, error) {
	stamp, err := wire.ParseTime(value)
	if err != nil {
		return stamp, err
	}
	if age := k.clock.machine().Sub(stamp); age > wire.Window || age < -wire.Window {
		return stamp, wire.ErrTimeExpired
	}
	return stamp, nil
}

// checkToken compares the security token of a request with the credential.
func (a AccessKey) checkToken(token string, now time.Time) error {
	switch {
	case a.SecurityToken == "" && token == "":
		return nil
	case token == "":
		return wire.ErrNoSecurityToken
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return wire.ErrSecurityTokenForm
	case a.SecurityToken != token:
		return wire.ErrSecurityToken
	case !a.Expires.IsZero() && !now.Before(a.Expires):
		return wire.ErrSecurityTokenStale
	}
	return nil
}
