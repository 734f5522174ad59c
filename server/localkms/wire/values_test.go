package wire

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestParseTime(t *testing.T) {
	for value, taken := range map[string]bool{
		"2026-03-04T05:06:07Z": true, "2026-03-04T05:06:07.000Z": false, "2026-03-04T05:06:07,5Z": false,
		"2026-03-04T05:06:07+00:00": false, "2026-03-04T05:06Z": false, "2026-03-04 05:06:07Z": false, "1893456000": false, "": false,
	} {
		if _, err := ParseTime(value); (err == nil) != taken {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestParseInteger(t *testing.T) {
	for text, taken := range map[string]bool{
		"0": true, "1893456000": true, "007": true,
		"+1893456000": false, "-1": false, "": false, " 1": false, "1.0": false, "1_000": false, "0x10": false, "１": false, "9223372036854775808": false,
	} {
		if _, err := ParseInteger(text); (err == nil) != taken {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// JSON has every character that needs no escape as it is: the vendor's Java reader knows no \u.
func TestJSONIsNotEscaped(t *testing.T) {
	const text = "a<b>&c \u2028 \u2029 \\u2028 \\\u2028 \" 北"
	w := httptest.NewRecorder()
	out := &Output{W: w, ID: "id"}
	if err := out.Succeed(&struct {
		Reply
		Text string
	}{Text: text}); err != nil {
		t.Fatal(err)
	}
	const want = `{"RequestId":"id","Text":"a<b>&c ` + "\u2028 \u2029" + ` \\u2028 \\` + "\u2028" + ` \" 北"}`
	if got := w.Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back struct{ Text string }
	if err := json.Unmarshal(w.Body.Bytes(), &back); err != nil || back.Text != text {
		t.Errorf("%q, %v", back.Text, err)
	}
	// The string to sign reaches the client as it was signed.
	w = httptest.NewRecorder()
	(&Output{W: w}).Fail(signatureMismatch("GET&%2F&a%3D1"))
	if !json.Valid(w.Body.Bytes()) || !strings.Contains(w.Body.String(), "GET&%2F&a%3D1") {
		t.Errorf("got %s", w.Body)
	}
}
