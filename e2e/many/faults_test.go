package many

import (
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
)

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
