package components

import (
	"bytes"
	"html"
	"regexp"
	"testing"

	"keyferry/components/text"
)

// A command reads the same as markup as it was, and what it quotes stays text.
func TestCopyable(t *testing.T) {
	for _, command := range []string{"", "aliyun kms CreateKey --Origin EXTERNAL", "a=1 b=\"$2\"\n  c | d > <e>&f", "\ttab  two blanks "} {
		var page bytes.Buffer
		if err := Copyable("id", command, text.Frame{Copy: "Copy", Copied: "Copied"}).Render(t.Context(), &page); err != nil {
			t.Fatal(err)
		}
		markup := regexp.MustCompile(`(?s)<code id="id">(.*)</code>`).FindSubmatch(page.Bytes())[1]
		if got := html.UnescapeString(regexp.MustCompile(`</?span[^>]*>`).ReplaceAllString(string(markup), "")); got != command {
			t.Errorf("%q reads as %q", command, got)
		}
		if bytes.Contains(markup, []byte("<e>")) {
			t.Errorf("%q became markup: %s", command, markup)
		}
	}
}

// A sentence reads the same as markup as it was, and its date is one piece.
func TestWhole(t *testing.T) {
	sentence := "可以是日期（例如 2027-12-31），或 <never> & keyferry-…-import.json"
	var page bytes.Buffer
	if err := Whole(sentence).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	if got := html.UnescapeString(regexp.MustCompile(`</?span[^>]*>`).ReplaceAllString(page.String(), "")); got != sentence {
		t.Errorf("%q reads as %q", sentence, got)
	}
	for _, piece := range []string{"2027-12-31", "keyferry-…-import.json"} {
		if !bytes.Contains(page.Bytes(), []byte(">"+piece+"</span>")) {
			t.Errorf("%s is not whole in %s", piece, page.String())
		}
	}
}
