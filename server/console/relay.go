package console

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"keyferry/server/kms"
)

const (
	parametersAction = "GetParametersForImport"
	importAction     = "ImportKeyMaterial"
)

// actionOf names the KMS's action that a request asks for, if it asks for one.
func actionOf(e echo.Context) string {
	action, ok := strings.CutPrefix(e.Path(), "/kms/")
	if !ok {
		return ""
	}
	return action
}

// Bounds of what can be an import. An RSA_2048 ciphertext has exactly the length of the modulus.
const (
	ciphertextSize  = 256
	minTokenLength  = 64
	maxTokenLength  = 8 << 10
	maxTimeUnix     = 253402300799 // the last second of the year 9999
	wrappingKeySpec = "RSA_2048"
)

// keyIDs has room for UUIDs and for the newer key-… form, and no room for the 64 hexadecimal digits of a plain key.
var keyIDs = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,58}[A-Za-z0-9])?$`)

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
	if !keyIDs.MatchString(in.keyID) {
		return errKeyID
	}
	switch in.algorithm {
	case "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5":
	default:
		return errAlgorithm
	}
	if in.keySpec != wrappingKeySpec {
		return errKeySpec
	}
	out, err := c.KMS.ImportParameters(c.context(e), in.keyID, kms.WrappingSpec{Algorithm: in.algorithm, KeySpec: in.keySpec})
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, struct {
		KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId string
	}{out.KeyID, out.PublicKey, out.ImportToken, out.TokenExpireTime.UTC().Format(time.RFC3339), out.RequestID})
}

// importKeyMaterial relays ImportKeyMaterial. It lets nothing pass that could be anything but a ciphertext: a page that
// sent the plain key by mistake, or by malice, is refused here, and what it sent is neither kept nor logged.
func (c *console) importKeyMaterial(e echo.Context) error {
	var in kms.Import
	err := readObject(e, fields{
		"KeyId":                 &in.KeyID,
		"EncryptedKeyMaterial":  &in.EncryptedKeyMaterial,
		"ImportToken":           &in.ImportToken,
		"KeyMaterialExpireUnix": &in.KeyMaterialExpireUnix,
	})
	if err != nil {
		return err
	}
	if !keyIDs.MatchString(in.KeyID) {
		return errKeyID
	}
	ciphertext, err := base64.StdEncoding.Strict().DecodeString(in.EncryptedKeyMaterial)
	if err != nil || len(ciphertext) != ciphertextSize || strings.ContainsAny(in.EncryptedKeyMaterial, "\r\n") {
		return errNotCiphertext
	}
	if !tokenShaped(in.ImportToken) {
		return errImportToken
	}
	if t := in.KeyMaterialExpireUnix; t != 0 && (t <= time.Now().Unix() || t > maxTimeUnix) {
		return errExpireUnix
	}
	id, err := c.KMS.ImportKeyMaterial(c.context(e), &in)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, struct{ RequestId string }{id})
}

// tokenShaped holds for what can be an import token: longer than any key in any spelling, and base64 throughout. The
// KMS does not publish a token's form beyond that.
func tokenShaped(token string) bool {
	if len(token) < minTokenLength+1 || len(token) > maxTokenLength {
		return false
	}
	_, err := base64.StdEncoding.DecodeString(token)
	return err == nil && !strings.ContainsAny(token, "\r\n")
}

type auditKey struct{}

// context carries the request's id to the audit line.
func (c *console) context(e echo.Context) context.Context {
	return context.WithValue(e.Request().Context(), auditKey{}, requestID(e))
}

// audited is the single point that both calls pass on their way to the KMS. It writes one line for each: who asked for
// what, for which CMK, and how it ended. Tokens, ciphertexts and public keys are not in it.
type audited struct {
	next KMS
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
func (a audited) ImportKeyMaterial(ctx context.Context, in *kms.Import) (string, error) {
	id, err := a.next.ImportKeyMaterial(ctx, in)
	a.write(ctx, importAction, in.KeyID, id, err, "expire_unix", in.KeyMaterialExpireUnix)
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
