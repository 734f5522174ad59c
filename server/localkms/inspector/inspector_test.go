package inspector

import (
	"reflect"
	"testing"
)

// Every text is there in both languages.
func TestTexts(t *testing.T) {
	for _, text := range []*Text{english, chinese} {
		v := reflect.ValueOf(*text)
		for i := range v.NumField() {
			if v.Field(i).String() == "" {
				t.Errorf("%s has no text %s", text.Lang, v.Type().Field(i).Name)
			}
		}
	}
}

func TestOutcomesAreBounded(t *testing.T) {
	var o outcomes
	first := o.keep(&outcome{})
	for range maxOutcomes {
		o.keep(&outcome{})
	}
	if o.find(first) != nil || len(o.byName) != maxOutcomes {
		t.Errorf("%d outcomes are kept, the first among them: %v", len(o.byName), o.find(first) != nil)
	}
}
