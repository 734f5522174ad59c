package text_test

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyferry/components/text"
)

// sentences collects every string of a catalogue under its path.
func sentences(c *text.Catalogue) map[string]string {
	found := map[string]string{}
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			found[path] = v.String()
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(path+"["+key.String()+"]", v.MapIndex(key))
			}
		default:
			panic("a catalogue holds only sentences, not " + v.Kind().String())
		}
	}
	walk("", reflect.ValueOf(*c))
	return found
}

func TestEveryLanguageHasEverySentence(t *testing.T) {
	want := slices.Sorted(maps.Keys(sentences(text.Languages[0])))
	for _, c := range text.Languages {
		all := sentences(c)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(all))); diff != "" {
			t.Errorf("%s has other sentences than %s (-want +got):\n%s", c.Tag, text.Languages[0].Tag, diff)
		}
		for path, sentence := range all {
			if sentence == "" {
				t.Errorf("%s: %s is empty", c.Tag, path)
			}
		}
	}
}

func TestLanguagesHaveTheSameHoles(t *testing.T) {
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	holes := func(sentence string) []string {
		found := hole.FindAllString(sentence, -1)
		slices.Sort(found)
		return found
	}
	want := sentences(text.Languages[0])
	for _, c := range text.Languages[1:] {
		for path, sentence := range sentences(c) {
			if diff := cmp.Diff(holes(want[path]), holes(sentence)); diff != "" {
				t.Errorf("%s: %s has other holes (-want +got):\n%s", c.Tag, path, diff)
			}
		}
	}
}

func TestEveryClaimHasItsTests(t *testing.T) {
	for _, c := range text.Languages {
		if len(c.Proof.HoldsList) != len(text.HoldsTests) || len(c.Proof.CannotList) != len(text.CannotTests) {
			t.Errorf("%s: the claims and the lists of their tests do not fit", c.Tag)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		name        string
		preferences []string
		want        string
	}{
		{"nothing known", nil, "en"},
		{"cookie wins over header", []string{"zh-CN", "en-US,en;q=0.9"}, "zh-CN"},
		{"header of a Chinese browser", []string{"", "zh-CN,zh;q=0.9,en;q=0.8"}, "zh-CN"},
		{"traditional Chinese reads simplified rather than English", []string{"zh-TW"}, "zh-CN"},
		{"first language that the console has", []string{"fr-FR,zh;q=0.5"}, "zh-CN"},
		{"unknown language", []string{"fr-FR"}, "en"},
		{"damaged cookie falls through to the header", []string{"\x00;;", "zh"}, "zh-CN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := text.Match(test.preferences...).Tag; got != test.want {
				t.Errorf("Match(%q) = %s, want %s", test.preferences, got, test.want)
			}
		})
	}
}

func TestFaultNeverLeavesABareCode(t *testing.T) {
	for _, c := range text.Languages {
		if fault := c.Fault("NobodyPlannedForThis"); fault.What == "" || fault.Do == "" {
			t.Errorf("%s: an unknown code has no words: %+v", c.Tag, fault)
		}
	}
}

func TestFill(t *testing.T) {
	if got, want := text.Fill("{a} and {b}", "a", "1", "b", "{a}"), "1 and {a}"; got != want {
		t.Errorf("Fill = %q, want %q", got, want)
	}
}
