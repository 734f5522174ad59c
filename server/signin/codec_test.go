package signin

import (
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
)

// Sessions that an earlier version kept stay open, and a session's data comes back as it was.
func TestCodecReadsBothForms(t *testing.T) {
	deadline := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	values := map[string]any{personKey: `{"ID":"rita"}`}
	for name, encode := range map[string]func(time.Time, map[string]any) ([]byte, error){
		"today's": codec{}.Encode, "earlier": scs.GobCodec{}.Encode,
	} {
		data, err := encode(deadline, values)
		if err != nil {
			t.Fatal(err)
		}
		until, got, err := codec{}.Decode(data)
		if err != nil || !until.Equal(deadline) || len(got) != 1 || got[personKey] != values[personKey] {
			t.Errorf("%s: %v, %v, %v", name, until, got, err)
		}
	}
	if _, err := (codec{}).Encode(deadline, map[string]any{"other": "value"}); err == nil {
		t.Error("a value that would be lost was accepted")
	}
	for _, data := range []string{"", "{", "no session"} {
		if _, _, err := (codec{}).Decode([]byte(data)); err == nil {
			t.Errorf("%q was read", data)
		}
	}
}
