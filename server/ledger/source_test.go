package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// An answer of a server is read to the size of the largest tile. What the server says of itself, and
// what it does not show, is told apart from what it cannot do now.
func TestAnswers(t *testing.T) {
	largest := make([]byte, 256*(65535+2)+1)
	for path, test := range map[string]struct {
		status int
		body   []byte
		want   string
	}{
		"largest":  {200, largest[1:], ""},
		"larger":   {200, largest, "too long"},
		"altered":  {500, []byte(ErrAltered.Error() + "\n"), ErrAltered.Error()},
		"broken":   {500, []byte("x"), "the server answers 500"},
		"signin":   {401, nil, errRefused.Error()},
		"denied":   {403, nil, errRefused.Error()},
		"nowhere":  {404, nil, errNotFound.Error()},
		"redirect": {304, nil, "the server answers 304"},
	} {
		answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(test.status)
			w.Write(test.body)
		}))
		body, err := FromURL(answers.URL, answers.Client()).(server).get(t.Context(), path)
		answers.Close()
		if test.want == "" && (err != nil || !bytes.Equal(body, test.body)) {
			t.Errorf("%s: %d bytes, %v", path, len(body), err)
		}
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrAltered) != (path == "altered")) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A line of an export has at most the bytes of the largest entry.
func TestLongestLine(t *testing.T) {
	for size, want := range map[int]bool{65535: true, 65536: false} {
		from, err := FromExport(strings.NewReader(`{"format":"` + exportFormat + `"}` + "\n" + strings.Repeat("x", size) + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		err = from.Entries(t.Context(), 1, func(entry []byte) error { read = len(entry); return nil })
		if (err == nil) != want || want && read != size {
			t.Errorf("a line of %d bytes: %d read, %v", size, read, err)
		}
	}
}

// A tree that grows keeps the hashes of its edge and no others.
func TestEdge(t *testing.T) {
	grown := &tree{edge: map[int64]tlog.Hash{}}
	for range 300 {
		if _, err := grown.add(tlog.RecordHash(nil)); err != nil {
			t.Fatal(err)
		}
		if len(grown.edge) != len(torchwood.RightEdge(grown.size)) {
			t.Fatalf("with %d entries it keeps %d hashes", grown.size, len(grown.edge))
		}
	}
}

// A witness is named by its key for cosignatures and its address.
func TestKeysOfWitnesses(t *testing.T) {
	const name, address = "witness.example/one", "https://witness.example/"
	line := func(id uint32, key []byte) string {
		return fmt.Sprintf("%s+%08x+%s %s", name, id, base64.StdEncoding.EncodeToString(key), address)
	}
	public := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	key := append([]byte{cosignatureV1}, public...)
	id := keyID(name, key)
	witness, err := ParseWitness(line(id, key))
	if err != nil || witness.Key.Name() != name || witness.Key.KeyHash() != id {
		t.Fatalf("%+v, %v", witness, err)
	}
	for what, text := range map[string]string{
		"a long number":     strings.Replace(line(id, key), "+", "+0", 1),
		"another number":    line(id+1, key),
		"a key that is cut": line(keyID(name, key[:32]), key[:32]),
		"a longer key":      line(keyID(name, append(bytes.Clone(key), 0)), append(bytes.Clone(key), 0)),
		"of a ledger":       line(keyID(name, append([]byte{1}, public...)), append([]byte{1}, public...)),
		"no key":            name + " " + address, "no address": strings.TrimSuffix(line(id, key), " "+address), "nothing": "",
	} {
		if witness, err := ParseWitness(text); err == nil {
			t.Errorf("%s: %+v", what, witness)
		}
	}
}
