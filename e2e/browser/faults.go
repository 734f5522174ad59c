package browser

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
)

// Fault waits for the error with this code, in the words that belong to it, and checks that the
// focus went there.
func (v *Visit) Fault(code string) {
	v.T.Helper()
	v.See(".notice.error[data-code='"+code+"']", "")
	shown, err := v.Page.Locator(".notice.error code[data-fill=code]").Count()
	v.Do(err)
	if own := code[0] >= 'a' && code[0] <= 'z'; own == (shown > 0) {
		v.T.Errorf("%s: %d codes are shown; those of the page itself tell a person nothing", code, shown)
	}
	v.See(".notice.error [data-fill=what]", v.Words.Fault(code).What)
	v.See(".notice.error [data-fill=do]", v.Words.Fault(code).Do)
	focused, err := v.Page.Evaluate(`document.activeElement?.matches(".notice.error")`)
	v.Do(err)
	if focused != true {
		v.T.Errorf("%s: the focus did not go to the error", code)
	}
	title, err := v.Page.Title()
	v.Do(err)
	if !strings.HasPrefix(title, text.Fill(v.Words.Phrases.ErrorTitle, "title", "")) {
		v.T.Errorf("%s: the title of the page is %q", code, title)
	}
}

// Posted is the bodies of the requests for an action, in order.
func (v *Visit) Posted(action string) [][]byte {
	v.Mu.Lock()
	defer v.Mu.Unlock()
	var bodies [][]byte
	for _, sent := range v.Sent {
		if bytes.HasPrefix(sent, []byte("POST "+v.Program.Console+"/kms/"+action+"\n")) {
			bodies = append(bodies, sent[bytes.IndexByte(sent, '{'):])
		}
		if bytes.HasPrefix(sent, []byte("POST "+v.Program.Console+"/kms/"+action+"/many\n")) {
			var of struct{ KeyIds, Imports []json.RawMessage }
			if err := json.Unmarshal(sent[bytes.IndexByte(sent, '{'):], &of); err != nil {
				v.T.Errorf("a call about several CMKs: %v", err)
			}
			for _, each := range append(of.KeyIds, of.Imports...) {
				bodies = append(bodies, each)
			}
		}
	}
	return bodies
}

// ToStep4 goes on until the import only has to be sent.
func (v *Visit) ToStep4(key string) {
	v.T.Helper()
	v.ChooseCMK(key)
	v.GetParameters("RSAES_OAEP_SHA_256")
	v.GenerateForRecipient()
}

// Alter changes what the page receives for an address, as a proxy in between could.
func (v *Visit) Alter(pattern string, change func([]byte) []byte) {
	v.T.Helper()
	v.Do(v.Page.Route(pattern, func(route playwright.Route) {
		response, err := route.Fetch()
		if err != nil {
			v.Trouble("fetching for an altered answer: " + err.Error())
			return
		}
		body, err := response.Body()
		if err != nil {
			v.Trouble("reading for an altered answer: " + err.Error())
			return
		}
		headers := response.Headers()
		delete(headers, "content-encoding")
		delete(headers, "content-length")
		route.Fulfill(playwright.RouteFulfillOptions{
			Status: playwright.Int(response.Status()), Headers: headers, Body: change(body),
		})
	}))
}
