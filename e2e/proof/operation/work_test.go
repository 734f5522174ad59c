package operation

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// shown is what of a request the work needs.
type shown struct {
	Id, State, Digest string
	May               []string
}

// pause waits for some time, up to twice the average; false means that the run is over.
func pause(ctx context.Context, average time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(mathrand.N(2*average + 1)):
		return true
	}
}

// read looks around as people do between two acts.
func (v *visitor) read(ctx context.Context, t *tally) {
	began := time.Now()
	switch mathrand.N(10) {
	case 0, 1:
		t.note("page", began, v.call(ctx, http.MethodGet, "/en/requests", nil, nil))
	case 2:
		t.note("me", began, v.call(ctx, http.MethodGet, "/api/me", nil, nil))
	default:
		var list struct{ Requests []shown }
		if t.note("list", began, v.call(ctx, http.MethodGet, "/api/requests?which=mine&limit=20", nil, &list)) != nil || len(list.Requests) == 0 {
			return
		}
		began = time.Now()
		t.note("request", began, v.call(ctx, http.MethodGet, "/api/requests/"+list.Requests[0].Id, nil, nil))
	}
}

// importOnce goes the whole way: request, parameters, submission, approval, outcome. Where a
// connection is cut, the person looks how far it is and tries again.
func (team *team) importOnce(ctx context.Context, think time.Duration, t *tally) error {
	id, err := team.ask(ctx, t)
	if err != nil || !pause(ctx, think) {
		return err
	}
	digest, err := team.submit(ctx, "/api/requests/"+id, think, t)
	if err != nil || !pause(ctx, think) {
		return err
	}
	return team.approve(context.WithoutCancel(ctx), "/api/requests/"+id, digest, t)
}

// try makes a call until its connection is not cut. After each cut it looks how far the request is;
// done reports whether the call has had its effect.
func (t *tally) try(ctx context.Context, action string, call func() error, done func() bool) error {
	for {
		began := time.Now()
		err := t.note(action, began, call())
		if !errors.Is(err, errCut) {
			return err
		}
		if !pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
		if done() {
			return nil
		}
	}
}

func never() bool { return false }

// ask opens a request. If it was cut, another one is opened; what is then left over lapses.
func (team *team) ask(ctx context.Context, t *tally) (id string, err error) {
	var made struct{ Requests []shown }
	err = t.try(ctx, "create", func() error {
		return team.requester.call(ctx, http.MethodPost, "/api/requests", map[string]any{"Requests": []any{map[string]any{
			"KeyId": team.key, "Label": "payments/" + team.key, "Algorithms": []string{"RSAES_OAEP_SHA_256"},
			"ImporterKind": "person", "Importer": team.importer.id, "Expiry": "any", "ExpiryDays": 0,
			"Deadline": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339), "Note": "", "Commitment": "",
		}}}, &made)
	}, never)
	if err != nil {
		return "", err
	}
	return made.Requests[0].Id, nil
}

// submit gets parameters, wraps the team's material and submits it.
func (team *team) submit(ctx context.Context, path string, think time.Duration, t *tally) (digest string, err error) {
	var p struct{ PublicKey, ImportToken, TokenExpireTime string }
	err = t.try(ctx, "parameters", func() error {
		return team.importer.call(ctx, http.MethodPost, path+"/parameters", map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256"}, &p)
	}, never)
	if err != nil || !pause(ctx, think) {
		return "", err
	}
	der, err := base64.StdEncoding.DecodeString(p.PublicKey)
	if err != nil {
		return "", err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return "", err
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, parsed.(*rsa.PublicKey), team.material, nil)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	var now shown
	err = t.try(ctx, "submit", func() error {
		return team.importer.call(ctx, http.MethodPost, path+"/submit", map[string]any{
			"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySHA256": hex.EncodeToString(sum[:]),
			"EncryptedKeyMaterial": base64.StdEncoding.EncodeToString(wrapped), "ImportToken": p.ImportToken, "TokenExpireTime": p.TokenExpireTime,
			"KeyMaterialExpireUnix": team.expireUnix, "KeyCheckValue": "", "Commitment": "",
		}, &now)
	}, func() bool { return team.look(ctx, path, t, &now) && now.State == "submitted" })
	return now.Digest, err
}

// look gets a request, and reports whether that was possible.
func (team *team) look(ctx context.Context, path string, t *tally, now *shown) bool {
	return t.note("look", time.Now(), team.officer.call(ctx, http.MethodGet, path, nil, now)) == nil
}

// approve agrees and waits for the outcome. Where the console that was sending is killed, another one
// takes over once its lease has ended.
func (team *team) approve(ctx context.Context, path, digest string, t *tally) error {
	var now shown
	err := t.try(ctx, "approve", func() error {
		return team.officer.call(ctx, http.MethodPost, path+"/approve", map[string]any{"Digest": digest}, &now)
	}, func() bool { return team.look(ctx, path, t, &now) && !slices.Contains(now.May, "approve") })
	if err != nil {
		return err
	}
	for end := time.Now().Add(2 * time.Minute); now.State != "imported"; team.look(ctx, path, t, &now) {
		if time.Now().After(end) || now.State == "failed" || now.State == "lapsed" {
			return t.note("outcome", time.Now(), fmt.Errorf("the request is %s", now.State))
		}
		pause(ctx, 300*time.Millisecond)
	}
	t.arrived(team.key)
	return nil
}
