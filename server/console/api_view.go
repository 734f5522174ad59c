package console

import (
	"time"

	"github.com/labstack/echo/v4"

	"keyferry/server/requests"
)

// shownRequest is a request as the pages get it. Ciphertexts and tokens are not in it: nobody has
// to see them, and the console alone sends them on.
type shownRequest struct {
	Id, State, Kind            string
	Region, KeyId, Label       string
	Algorithms                 []string
	ImporterKind, Importer     string
	Expiry                     string
	ExpiryDays                 int
	Deadline, Note, Commitment string
	Requester, Created         string
	Approvals, Agreed          int
	Approvers                  []string
	EachGroup                  bool
	Lapses                     string
	Soon                       bool
	Waiting                    int `json:",omitempty"` // place in the queue of whoever waits for import parameters
	May                        []string
	Next                       shownNext
	Digest                     string           `json:",omitempty"`
	Submission                 *shownSubmission `json:",omitempty"`
	Decisions                  []shownDecision  `json:",omitempty"`
	Outcome                    *shownOutcome    `json:",omitempty"`
	Events                     []shownEvent     `json:",omitempty"`
}

type shownNext struct {
	Code   string
	Who    []string
	At     string `json:",omitempty"`
	Place  int    `json:",omitempty"`
	Detail string `json:",omitempty"`
	What   string `json:",omitempty"` // the words for Detail
}

type shownSubmission struct {
	Algorithm, WrappingKeySHA256, EncryptedKeyMaterialSHA256 string
	TokenExpireTime                                          string
	KeyMaterialExpireUnix                                    int64
	KeyCheckValue, Commitment                                string
	ParametersByLink                                         bool `json:",omitempty"` // then the console did not see the wrapping key
}

type shownDecision struct {
	Name   string
	Groups []string
	Agreed bool
	Reason string `json:",omitempty"`
	At     string
}

type shownOutcome struct {
	RequestId string
	Code      string `json:",omitempty"`
	At        string
}

type shownEvent struct {
	At, What     string
	Name, Detail string `json:",omitempty"`
	Entry        int64
}

// showRequests returns a list as the pages get it.
func (c *console) showRequests(e echo.Context, list []requests.View) []shownRequest {
	shown := make([]shownRequest, len(list))
	for i, v := range list {
		shown[i] = c.showRequest(e, v)
	}
	return shown
}

// showRequest returns a request as the pages get it. Whoever asked for it can make a guest link, if
// it is for a guest.
func (c *console) showRequest(e echo.Context, v requests.View) shownRequest {
	shown := shownRequest{
		Id: v.ID, State: string(v.State), Kind: string(v.Kind), Region: v.Region, KeyId: v.KeyID, Label: v.Label,
		Algorithms: list0(v.Algorithms), ImporterKind: string(v.Terms.Importer), Importer: v.ImporterID,
		Expiry: string(v.Expiry), ExpiryDays: v.ExpiryDays, Deadline: stamp(v.Deadline), Note: v.Note, Commitment: v.Commitment,
		Requester: v.Name, Created: stamp(v.Created), Approvals: v.Approvals, Approvers: list0(v.Approvers), EachGroup: v.EachGroup,
		May: list0(v.May), Digest: v.Digest, Lapses: stamp(v.Lapses), Soon: v.Soon,
		Next: shownNext{v.Next.Code, list0(v.Next.Who), stamp(v.Next.At), v.Next.Place, v.Next.Detail, ""},
	}
	if v.Next.Detail != "" {
		shown.Next.What = language(e.Request()).Fault(v.Next.Detail).What
	}
	if c.mayLink(e, v) {
		shown.May = append(shown.May, "link")
	}
	if in := v.Submission; in != nil {
		shown.Submission = showSubmission(in)
	}
	for _, d := range v.Decisions {
		if d.Agreed && d.Digest == v.Digest {
			shown.Agreed++
		}
		shown.Decisions = append(shown.Decisions, shownDecision{d.Name, list0(d.Groups), d.Agreed, d.Reason, stamp(d.At)})
	}
	if o := v.Outcome; o != nil {
		shown.Outcome = &shownOutcome{o.RequestID, o.Code, stamp(o.At)}
	}
	for _, event := range v.Events {
		shown.Events = append(shown.Events, shownEvent{stamp(event.At), event.What, event.Name, event.Detail, event.Entry})
	}
	return shown
}

func showSubmission(in *requests.Submission) *shownSubmission {
	shown := &shownSubmission{
		Algorithm: in.Algorithm, WrappingKeySHA256: in.WrappingKeySHA256, EncryptedKeyMaterialSHA256: in.CiphertextSHA256,
		TokenExpireTime:       stamp(in.TokenExpires),
		KeyMaterialExpireUnix: in.ExpireUnix, KeyCheckValue: in.KCV, Commitment: in.Commitment,
		ParametersByLink: in.ParametersByLink,
	}
	return shown
}

// list0 is a list that JSON shows as [] where it is empty.
func list0(list []string) []string { return append([]string{}, list...) }

// stamp is a time in UTC, to the second; empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
