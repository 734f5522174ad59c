package localkms_test

import (
	"testing"

	"keyferry/server/localkms"
)

// What people write by hand is read strictly.
func TestParsingWhatPeopleWrite(t *testing.T) {
	parsed, err := localkms.ParseSeed([]byte(`{"keys":[{"keyId":"key-one","description":"北"}]}`))
	if err != nil || len(parsed.Keys) != 1 || parsed.Keys[0].Description != "北" {
		t.Errorf("seed: %+v, %v", parsed, err)
	}
	list, err := localkms.ParseAccessKeys([]byte(`[{"id":"a","secret":"北"}]`))
	if err != nil || len(list) != 1 || list[0].Secret != "北" {
		t.Errorf("AccessKeys: %+v, %v", list, err)
	}
	for _, text := range []string{"", "{}[]", `{"keys":[{"colour":"red"}]}`, "\ufeff{}", `[]`} {
		if _, err := localkms.ParseSeed([]byte(text)); err == nil {
			t.Errorf("the seed %q was taken", text)
		}
	}
	for _, text := range []string{"", `{}`, `[{"id":"a","secret":"s","colour":"red"}]`, "[][]"} {
		if _, err := localkms.ParseAccessKeys([]byte(text)); err == nil {
			t.Errorf("the AccessKeys %q were taken", text)
		}
	}
}
