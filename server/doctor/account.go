package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyferry/server/kms"
)

// browserOrigin is what a page from a file has for its origin, as the desk does.
const browserOrigin = "null"

const wrappingKeySpec = "RSA_2048"

// credentials tells of each place of the chain.
func (e *examination) credentials(ctx context.Context) Check {
	c := Check{Name: "credentials", Result: Failed}
	places, err := e.client.Places(ctx)
	if err != nil {
		c.Said = []string{err.Error()}
		c.Do = "Find out what does not answer: ECS metadata outside of an ECS instance is left out with ALIBABA_CLOUD_ECS_METADATA_DISABLED=true."
		return c
	}
	for _, place := range places {
		if place.Found {
			e.ready, c.Result = true, OK
			c.Said = append(c.Said, fmt.Sprintf("%s: found (%s)", place.Name, place.Why))
			continue
		}
		c.Said = append(c.Said, place.Name+": "+place.Why)
		if strings.Contains(place.Why, "authority that is not trusted") {
			c.Do = "The token service has the system's authorities, whatever --ca-file says. Put that of a proxy which opens TLS among them, or into the file that SSL_CERT_FILE names."
		}
	}
	if !e.ready && c.Do == "" {
		c.Do = "Give the program credentials in one of these places. On ECS and in Kubernetes use a RAM role instead of an AccessKey."
	}
	return c
}

// parameters makes the one call that shows whether signature, permission and key are right, once for
// each algorithm.
func (e *examination) parameters(ctx context.Context) Check {
	c := Check{Name: "key", Result: OK}
	switch {
	case e.KeyID == "":
		return c.skipped("no --key-id: signature, RAM policy and algorithms were not tried")
	case e.reached == nil:
		return c.skipped("the KMS was not reached")
	case !e.ready:
		return c.skipped("there are no credentials")
	}
	taken := 0
	for _, algorithm := range e.Algorithms {
		got, err := e.client.ImportParameters(ctx, e.KeyID, kms.WrappingSpec{Algorithm: algorithm, KeySpec: wrappingKeySpec})
		if err == nil {
			taken++
			c.Said = append(c.Said, fmt.Sprintf("%s: taken, the token lives %v", algorithm, e.lifetime(got.TokenExpireTime)))
			continue
		}
		c.Said = append(c.Said, algorithm+": "+unwrapped(err))
		if advice, final := adviceOnCall(err); final {
			c.Result, c.Do = Failed, advice
			return c
		}
	}
	switch {
	case taken == 0:
		c.Result, c.Do = Failed, "This CMK takes no algorithm that Keyferry knows. Send us this report."
	case taken < len(e.Algorithms):
		c.Result, c.Do = Warning, "Choose an algorithm that is taken. Key management instances do not take RSAES_OAEP_SHA_1."
	}
	c.Said = append(c.Said, "kms:ImportKeyMaterial was not tried, since it would change the CMK; keyferry ram-policy prints what it needs")
	return c
}

// lifetime is how long a token lives, by the KMS's clock if it is known.
func (e *examination) lifetime(expires time.Time) time.Duration {
	now := e.Now()
	if !e.reached.Date.IsZero() {
		now = e.reached.Date.Add(time.Since(e.reached.Ended))
	}
	return expires.Sub(now).Round(time.Minute)
}

// unwrapped is an error without the name of the action.
func unwrapped(err error) string {
	return strings.TrimPrefix(err.Error(), "calling GetParametersForImport: ")
}

// advices are what to do about the KMS's codes. A code means all that begin with it.
var advices = []struct {
	codes []string
	do    string
}{
	{[]string{"Forbidden.NoPermission", "NoPermission", "Forbidden.RAM", "AccessDenied"},
		"The RAM policy lacks kms:GetParametersForImport for this CMK. keyferry ram-policy prints the policy to attach to the user or role."},
	{[]string{"Forbidden.KeyNotFound", "EntityNotExist.Key"}, "There is no such CMK in this region and account. Compare the id and --region with the console of Alibaba Cloud."},
	{[]string{"Unsupported.Origin"}, "The CMK was not created for imported key material: its origin must be EXTERNAL."},
	{[]string{"Rejected.PendingDeletion"}, "The CMK is to be deleted: cancel that, or choose another."},
	{[]string{"InvalidTimeStamp"}, "Set the clock of this computer, such as with NTP."},
	{[]string{"InvalidAccessKeyId", "Forbidden.AccessKey"}, "The AccessKey does not exist or is disabled. Give another in the place named above."},
	{[]string{"SignatureDoesNotMatch", "IncompleteSignature"}, "The secret does not belong to the AccessKey id, or a proxy changes addresses on their way."},
	{[]string{"InvalidSecurityToken", "MissingSecurityToken"}, "The temporary credentials have ended or belong to another AccessKey. Get new ones."},
	{[]string{"Rejected.Throttling", "Throttling"}, "The account makes too many calls. Try again, and set --kms-reads-per-second lower."},
	{[]string{"InvalidApi.NotFound", "InvalidVersion"}, "What answers does not know this call. Check --endpoint."},
}

// adviceOnCall says what to do about an error, and whether other algorithms would meet it too.
func adviceOnCall(err error) (do string, final bool) {
	var answer *kms.Error
	if !errors.As(err, &answer) {
		return adviceOnNetwork(err), true
	}
	for _, a := range advices {
		if slices.ContainsFunc(a.codes, func(code string) bool { return answer.Code == code || strings.HasPrefix(answer.Code, code+".") }) {
			return a.do, true
		}
	}
	return "", false
}

// browsers says whether a page that is not the KMS's may read its answers, as the desk by link has to.
func (e *examination) browsers(context.Context) Check {
	c := Check{Name: "browsers", Result: OK}
	if e.reached == nil {
		return c.skipped("the KMS was not reached")
	}
	allowed := e.reached.AllowOrigin
	if allowed == "" {
		c.Result = Warning
		c.Said = []string{"it sends no Access-Control-Allow-Origin, so no page may read its answers"}
		c.Do = "The desk works with files and by pasting. By link it would not get an answer. Please send us this report."
		return c
	}
	c.Said = []string{"Access-Control-Allow-Origin: " + allowed}
	if e.reached.AllowMethods != "" {
		c.Said = append(c.Said, "Access-Control-Allow-Methods: "+e.reached.AllowMethods)
	}
	if allowed != "*" && allowed != browserOrigin {
		c.Result, c.Do = Warning, "Pages from files are not among those. The desk by link would not get an answer. Please send us this report."
	}
	return c
}
