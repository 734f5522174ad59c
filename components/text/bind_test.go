package text

import "testing"

func TestBound(t *testing.T) {
	for sentence, want := range map[string]string{
		"valid for {hours} h {minutes} min": "valid for {hours}\u00a0h {minutes}\u00a0min",
		"32 bytes, and 2 more":              "32\u00a0bytes, and 2 more",
		"{count} 字节":                        "{count}\u00a0字节",
		"step 1 shows":                      "step 1 shows",
		"1 hour":                            "1 hour",
		"It lasts {seconds} s.":             "It lasts {seconds}\u00a0s.",
	} {
		if got := bound(sentence); got != want {
			t.Errorf("%q became %q, want %q", sentence, got, want)
		}
	}
	if words := english.Phrases.ValidFor; words != bound(words) {
		t.Errorf("%q is not bound", words)
	}
}
