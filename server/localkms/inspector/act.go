package inspector

import (
	"errors"
	"net/http"
	"net/url"
)

// acts are what a person can do to a CMK: a path's word, the action of the API,
// and the text that reports it.
var acts = map[string]struct {
	action string
	done   func(*Text) string
}{
	"enable":          {"EnableKey", func(t *Text) string { return t.Enabled }},
	"disable":         {"DisableKey", func(t *Text) string { return t.Disabled }},
	"delete-material": {"DeleteKeyMaterial", func(t *Text) string { return t.MaterialDeleted }},
	"schedule":        {"ScheduleKeyDeletion", func(t *Text) string { return t.Scheduled }},
	"cancel":          {"CancelKeyDeletion", func(t *Text) string { return t.Cancelled }},
	"encrypt":         {"Encrypt", func(t *Text) string { return t.Encrypted }},
}

// create makes an external CMK.
func (in *inspector) create(w http.ResponseWriter, r *http.Request) {
	in.perform(w, r, "/", "CreateKey", map[string]string{
		"Origin":      "EXTERNAL",
		"Description": r.PostFormValue("description"),
	}, func(t *Text) string { return t.Created })
}

// act does something to one CMK.
func (in *inspector) act(w http.ResponseWriter, r *http.Request) {
	chosen, ok := acts[r.PathValue("act")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	id := r.PathValue("id")
	params := map[string]string{"KeyId": id}
	switch chosen.action {
	case "Encrypt":
		params["Plaintext"] = r.PostFormValue("text")
	case "ScheduleKeyDeletion":
		params["PendingWindowInDays"] = r.PostFormValue("days")
	}
	in.perform(w, r, "/keys/"+url.PathEscape(id), chosen.action, params, chosen.done)
}

// decrypt opens a ciphertext blob, which says by itself which CMK sealed it.
func (in *inspector) decrypt(w http.ResponseWriter, r *http.Request) {
	in.perform(w, r, "/", "Decrypt", map[string]string{
		"CiphertextBlob": r.PostFormValue("blob"),
	}, func(t *Text) string { return t.Decrypted })
}

// perform calls an action and sends the browser to a page that tells how it
// went, so that a reload repeats nothing.
func (in *inspector) perform(w http.ResponseWriter, r *http.Request, back, action string, params map[string]string, done func(*Text) string) {
	account := r.PostFormValue("account")
	result, err := in.KMS.Call(r.Context(), account, action, params)
	o := &outcome{Done: done, Result: result}
	if err != nil {
		o = &outcome{Error: &Error{Code: "InternalFailure"}}
		errors.As(err, &o.Error)
	}
	if action == "CreateKey" && err == nil {
		back = "/keys/" + url.PathEscape(result.KeyID)
	}
	query := url.Values{"outcome": {in.outcomes.keep(o)}}
	if account != "" {
		query.Set("account", account)
	}
	http.Redirect(w, r, back+"?"+query.Encode(), http.StatusSeeOther)
}
