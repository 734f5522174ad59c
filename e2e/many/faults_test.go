package many

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
)

// elsewhere imports other material into a CMK, as another program would.
func elsewhere(t testing.TB, p *program.Program, id string) []byte {
	t.Helper()
	client := p.SDK(t)
	ask := kms.CreateGetParametersForImportRequest()
	ask.KeyId, ask.WrappingAlgorithm, ask.WrappingKeySpec = id, "RSAES_OAEP_SHA_256", "RSA_2048"
	parameters, err := client.GetParametersForImport(ask)
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(parameters.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	other := make([]byte, 32)
	rand.Read(other)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), other, nil)
	if err != nil {
		t.Fatal(err)
	}
	send := kms.CreateImportKeyMaterialRequest()
	send.KeyId, send.ImportToken = id, parameters.ImportToken
	send.EncryptedKeyMaterial = base64.StdEncoding.EncodeToString(wrapped)
	if _, err := client.ImportKeyMaterial(send); err != nil {
		t.Fatal(err)
	}
	return other
}

// deleted schedules the deletion of a CMK, which then takes no material.
func deleted(t testing.TB, p *program.Program, id string) {
	t.Helper()
	request := kms.CreateScheduleKeyDeletionRequest()
	request.KeyId, request.PendingWindowInDays = id, requests.NewInteger(7)
	if _, err := p.SDK(t).ScheduleKeyDeletion(request); err != nil {
		t.Fatal(err)
	}
}

// sprinkle lets calls fail in every way in which they can.
func sprinkle(t testing.TB, p *program.Program, ids []string) {
	t.Helper()
	p.ClearFaults(t)
	some := func() string { return ids[mathrand.IntN(len(ids))] }
	for _, fault := range []localkms.Fault{
		{Kind: localkms.FaultThrottle, Action: "ImportKeyMaterial", Times: 6},
		{Kind: localkms.FaultThrottle, Action: "GetParametersForImport", Times: 4},
		{Kind: localkms.FaultError, Action: "ImportKeyMaterial", KeyID: some(), Times: 5},
		{Kind: localkms.FaultError, Action: "GetParametersForImport", KeyID: some(), Times: 5, Status: 503},
		{Kind: localkms.FaultHTML, Action: "ImportKeyMaterial", KeyID: some(), Times: 3},
		{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial", KeyID: some(), Times: 4},
		{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial", KeyID: some(), Times: 1},
		{Kind: localkms.FaultCutBefore, Action: "ImportKeyMaterial", KeyID: some(), Times: 3},
		{Kind: localkms.FaultExpiredToken, Action: "ImportKeyMaterial", KeyID: some(), Times: 2},
		{Kind: localkms.FaultForeignToken, Action: "ImportKeyMaterial", KeyID: some(), Times: 1},
		{Kind: localkms.FaultDelay, Action: "ImportKeyMaterial", KeyID: some(), Times: 1, Delay: localkms.Duration(2 * time.Second)},
	} {
		p.Fault(t, fault)
	}
}
