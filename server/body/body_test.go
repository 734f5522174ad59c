package body

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// everything is an object with each kind of field.
type everything struct {
	text   string
	absent Optional
	number int64
	names  []string
	rows   []string
}

func (o *everything) fields() Fields {
	row := func() Fields {
		if len(o.rows) == 2 {
			return nil
		}
		o.rows = append(o.rows, "")
		return Fields{"Name": &o.rows[len(o.rows)-1]}
	}
	return Fields{"Text": &o.text, "Absent": &o.absent, "Number": &o.number, "Names": &o.names, "Rows": List(row)}
}

func read(content, media string, limit int64, into Fields) error {
	request := httptest.NewRequest("POST", "/", strings.NewReader(content))
	request.Header.Set("Content-Type", media)
	return Read(httptest.NewRecorder(), request, limit, into)
}

func TestWhatIsTaken(t *testing.T) {
	for content, want := range map[string]string{
		`{"Text":"a"}`: `{a  0 [] []}`,
		` { "Number" : -5 , "Text" : "é" , "Absent" : "b" , "Names" : ["c","d"] , "Rows" : [ {"Name":"e"} , {"Name":"f"} ] } ` + "\n": `{é b -5 [c d] [e f]}`,
		`{"Text":"","Names":[],"Rows":[]}`: `{  0 [] []}`,
		`{"Text":"\u0041"}`:                `{A  0 [] []}`,
	} {
		var o everything
		for _, media := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
			o = everything{}
			if err := read(content, media, int64(len(content)), o.fields()); err != nil {
				t.Errorf("%s as %s: %v", content, media, err)
			}
		}
		if got := fmt.Sprint(o); got != want {
			t.Errorf("%s is read as %s, want %s", content, got, want)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	for name, content := range map[string]string{
		"nothing":                 ``,
		"no object":               `[]`,
		"a string":                `"Text"`,
		"null":                    `null`,
		"an object that is open":  `{"Text":"a"`,
		"no colon":                `{"Text" "a"}`,
		"more after it":           `{"Text":"a"} {}`,
		"a letter after it":       `{"Text":"a"}x`,
		"a field more":            `{"Text":"a","Other":"b"}`,
		"a field twice":           `{"Text":"a","Text":"a"}`,
		"another case":            `{"text":"a"}`,
		"a string that is absent": `{"Number":1}`,
		"null for a string":       `{"Text":null}`,
		"null for what may lack":  `{"Text":"a","Absent":null}`,
		"a number for a string":   `{"Text":1}`,
		"a string for a number":   `{"Text":"a","Number":"1"}`,
		"a fraction":              `{"Text":"a","Number":1.5}`,
		"a number that is long":   `{"Text":"a","Number":9223372036854775808}`,
		"a string for names":      `{"Text":"a","Names":"b"}`,
		"a number among names":    `{"Text":"a","Names":[1]}`,
		"an object for rows":      `{"Text":"a","Rows":{}}`,
		"null for rows":           `{"Text":"a","Rows":null}`,
		"a string among rows":     `{"Text":"a","Rows":["b"]}`,
		"rows that are open":      `{"Text":"a","Rows":[{"Name":"b"}`,
		"a row without its field": `{"Text":"a","Rows":[{}]}`,
		"a row with one more":     `{"Text":"a","Rows":[{"Name":"b","Other":"c"}]}`,
		"a row too many":          `{"Text":"a","Rows":[{"Name":"b"},{"Name":"c"},{"Name":"d"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var o everything
			if err := read(content, "application/json", 1000, o.fields()); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %v", content, err)
			}
		})
	}
}

// A body is read if it is as long as the limit, and not if it is a byte longer.
func TestLimitAndMediaType(t *testing.T) {
	content := `{"Text":"` + strings.Repeat("a", 50) + `"}`
	var o everything
	if err := read(content, "application/json", int64(len(content)-1), o.fields()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a byte too long: %v", err)
	}
	for _, media := range []string{"", "text/plain", "application/json5", "application/x-www-form-urlencoded", ";"} {
		if err := read(content, media, 1000, o.fields()); !errors.Is(err, ErrMediaType) {
			t.Errorf("%q: %v", media, err)
		}
	}
}
