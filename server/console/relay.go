package console

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
	"keyferry/server/requests"
)

const (
	parametersAction = "GetParametersForImport"
	importAction     = "ImportKeyMaterial"
)

// actionOf returns the KMS's action that a request asks for; empty if it asks for none.
func actionOf(e echo.Context) string {
	action, ok := strings.CutPrefix(e.Path(), "/kms/")
	if !ok {
		return ""
	}
	switch action = strings.TrimSuffix(action, "/many"); action {
	case "ImportFile":
		return importAction
	case "GetParametersForImportLink", "ImportKeyMaterialLink":
		return "" // signed, and not called
	}
	return action
}

const (
	maxTimeUnix     = 253402300799 // the last second of the year 9999
	wrappingKeySpec = "RSA_2048"
)

// getParametersForImport relays GetParametersForImport.
func (c *console) getParametersForImport(e echo.Context) error {
	var in struct{ keyID, algorithm, keySpec string }
	err := readObject(e, fields{
		"KeyId":             &in.keyID,
		"WrappingAlgorithm": &in.algorithm,
		"WrappingKeySpec":   &in.keySpec,
	})
	if err != nil {
		return err
	}
	spec := kms.WrappingSpec{Algorithm: in.algorithm, KeySpec: in.keySpec}
	if err := checkParameters(in.keyID, spec); err != nil {
		return err
	}
	out, err := c.kms.ImportParameters(c.context(e), in.keyID, spec)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showParameters(out))
}

// checkParameters refuses what the KMS cannot be asked for.
func checkParameters(keyID string, spec kms.WrappingSpec) error {
	switch {
	case !kms.KeyIDs.MatchString(keyID):
		return errKeyID
	case !slices.Contains(kms.WrappingAlgorithms, spec.Algorithm):
		return errAlgorithm
	case spec.KeySpec != wrappingKeySpec:
		return errKeySpec
	}
	return nil
}

// shownParameters are import parameters under the KMS's own names.
type shownParameters struct {
	KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId string
}

func showParameters(out *kms.Parameters) shownParameters {
	return shownParameters{out.KeyID, out.PublicKey, out.ImportToken, out.TokenExpireTime.UTC().Format(time.RFC3339), out.RequestID}
}

// importKeyMaterial relays ImportKeyMaterial. It refuses whatever cannot be a ciphertext: a page
// that sends a plain key by mistake gets an error, and what it sent is neither kept nor logged.
func (c *console) importKeyMaterial(e echo.Context) error {
	var in kms.Import
	var kcv, commitment optional
	if err := readObject(e, c.importFields(&in, &kcv, &commitment)); err != nil {
		return err
	}
	if err := checkImport(&in); err != nil {
		return err
	}
	id, err := c.kms.ImportKeyMaterial(c.context(e), &in, requests.Shown{KCV: string(kcv), Commitment: string(commitment)})
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, struct{ RequestId string }{id})
}

// importFields are the fields of an import. A console that keeps a record takes what the importer
// shows of the material too.
func (c *console) importFields(in *kms.Import, kcv, commitment *optional) fields {
	wanted := fields{
		"KeyId":                 &in.KeyID,
		"EncryptedKeyMaterial":  &in.EncryptedKeyMaterial,
		"ImportToken":           &in.ImportToken,
		"KeyMaterialExpireUnix": &in.KeyMaterialExpireUnix,
	}
	if c.Team != nil {
		wanted["KeyCheckValue"], wanted["Commitment"] = kcv, commitment
	}
	return wanted
}

// checkImport refuses what cannot be an import.
func checkImport(in *kms.Import) error {
	switch {
	case !kms.KeyIDs.MatchString(in.KeyID):
		return errKeyID
	case !ciphertextShaped(in.EncryptedKeyMaterial):
		return errNotCiphertext
	case !tokenShaped(in.ImportToken):
		return errImportToken
	case in.KeyMaterialExpireUnix != 0:
		return checkExpiry(in.KeyMaterialExpireUnix)
	}
	return nil
}

// checkExpiry refuses a time of expiry that is not in the future, and one that is too far away:
// after the year 9999, which no calendar writes, or in milliseconds.
func checkExpiry(unix int64) error {
	switch {
	case unix > maxTimeUnix:
		return errExpireFar
	case unix <= time.Now().Unix():
		return errExpireUnix
	}
	return nil
}

type auditKey struct{}

// context carries the request's id to the audit line.
func (c *console) context(e echo.Context) context.Context {
	return context.WithValue(e.Request().Context(), auditKey{}, requestID(e))
}

// audited is the one way to the KMS for both calls. It logs one line for each: the action, the CMK,
// and how it ended. Tokens, ciphertexts and public keys are not in it.
type audited struct {
	next requests.Relay
	log  *slog.Logger
}

// ImportParameters asks for import parameters and writes the audit line.
func (a audited) ImportParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Parameters, error) {
	out, err := a.next.ImportParameters(ctx, keyID, spec)
	id := ""
	if out != nil {
		id = out.RequestID
	}
	a.write(ctx, parametersAction, keyID, id, err, "algorithm", spec.Algorithm)
	return out, err
}

// ImportKeyMaterial imports and writes the audit line.
func (a audited) ImportKeyMaterial(ctx context.Context, in *kms.Import, shows requests.Shown) (string, error) {
	id, err := a.next.ImportKeyMaterial(ctx, in, shows)
	a.write(ctx, importAction, in.KeyID, id, err, "expire_unix", in.KeyMaterialExpireUnix)
	return id, err
}

// signParameters signs a link and writes the audit line, which does not have it.
func (a audited) signParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Link, error) {
	link, err := a.next.ParametersLink(ctx, keyID, spec)
	a.write(ctx, parametersAction, keyID, "", err, "algorithm", spec.Algorithm, "way", "link")
	return link, err
}

// signImport signs a link and writes the audit line, which does not have it.
func (a audited) signImport(ctx context.Context, keyID string, in requests.Submission) (*kms.Link, error) {
	link, err := a.next.WrappedLink(ctx, keyID, in)
	a.write(ctx, importAction, keyID, "", err, "expire_unix", in.ExpireUnix, "way", "link")
	return link, err
}

// importWrapped imports what was wrapped elsewhere, and writes the audit line.
func (a audited) importWrapped(ctx context.Context, keyID string, in requests.Submission) (string, error) {
	id, err := a.next.ImportWrapped(ctx, keyID, in)
	a.write(ctx, importAction, keyID, id, err, "expire_unix", in.ExpireUnix)
	return id, err
}

func (a audited) write(ctx context.Context, action, keyID, kmsID string, err error, more ...any) {
	result := "ok"
	if err != nil {
		refused, answer := outcome(action, err)
		result = refused.code
		if answer != nil {
			kmsID = answer.RequestID
		}
	}
	consoleID, _ := ctx.Value(auditKey{}).(string)
	line := append([]any{"action", action, "key_id", keyID, "result", result, "kms_request_id", kmsID, "id", consoleID}, more...)
	a.log.Info("audit", line...)
}
