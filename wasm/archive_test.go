//go:build !js

package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"

	"filippo.io/age"

	"keyferry/wasm/custody"
	"keyferry/wasm/custody/archive"
	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// archived is what testdata/archive.mjs says of an archive that it made and opened.
type archived struct {
	Archive []byte
	SHA256  string
	Size    int
	Made    []struct{ KeyID, KCV, Commitment, Salt string }
	Opened  struct {
		Count  int
		SHA256 string
	}
	Found                []string
	Same                 bool
	Wrapped              []string
	Twice, Swapped, Gone string
	Memory               struct{ Making, Opening int }
}

func archiveOf(t *testing.T, count, wrapped int) archived {
	t.Helper()
	request, err := json.Marshal(options{
		"count": count, "wrapped": wrapped, "recipient": identity().Recipient().String(), "identity": identity().String(),
		"publicKey": keywraptest.PublicKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", "testdata/archive.mjs", builtModule(t, ""))
	command.Stdin = bytes.NewReader(request)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node testdata/archive.mjs: %v", err)
	}
	var got archived
	decode(t, output, &got)
	return got
}

// TestArchive makes an archive in one instance and wraps its keys in another. What is wrapped is what
// the archive holds, and what the check values say.
func TestArchive(t *testing.T) {
	const count = 70
	got := archiveOf(t, count, count)
	if got.Size != len(got.Archive) || got.SHA256 != digestOf(got.Archive) || got.Opened.SHA256 != got.SHA256 {
		t.Errorf("the archive has %d bytes and SHA-256 %s, the module says %d and %s, and when it opens it %s",
			len(got.Archive), digestOf(got.Archive), got.Size, got.SHA256, got.Opened.SHA256)
	}
	if len(got.Found) != count || got.Opened.Count != count || !got.Same || len(got.Wrapped) != count {
		t.Errorf("of %d keys %d were found, %d counted, %d wrapped; manifest read back: %v", count, len(got.Found), got.Opened.Count, len(got.Wrapped), got.Same)
	}
	if got.Twice != "bad_request" || got.Swapped != "not_the_receipts_key" || got.Gone != "archive_key_missing" {
		t.Errorf("a second archive: %q, the check value of another key: %q, a key that was forgotten: %q", got.Twice, got.Swapped, got.Gone)
	}
	from, err := archive.Open(bytes.NewReader(got.Archive), backup.With{Identity: []byte(identity().String())})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[keywrap.Material]bool{}
	for i, made := range got.Made {
		var m keywrap.Material
		id, err := from.Next(&m, func([]byte) error { return nil })
		if err != nil || id != made.KeyID || seen[m] {
			t.Fatalf("key %d is of %q, want %q; seen before: %v, %v", i, id, made.KeyID, seen[m], err)
		}
		seen[m] = true
		commitment, err := custody.ParseCommitment(made.Commitment, made.Salt)
		if err != nil || !commitment.Matches(&m) || custody.CheckValue(&m).String() != made.KCV {
			t.Errorf("the check value or the commitment of key %d is of another: %v", i, err)
		}
		ciphertext, err := base64.StdEncoding.DecodeString(got.Wrapped[i])
		if err != nil {
			t.Fatal(err)
		}
		if wrapped := openWrapped(t, "RSAES_OAEP_SHA_256", ciphertext); !bytes.Equal(wrapped.Material, m[:]) {
			t.Errorf("key %d was wrapped as another", i)
		}
	}
	if _, err := from.Next(new(keywrap.Material), func([]byte) error { return nil }); err != nil {
		t.Errorf("the manifest: %v", err)
	}
	if _, err := from.Next(new(keywrap.Material), nil); err != io.EOF {
		t.Errorf("behind the manifest: %v, want the end", err)
	}
}

// TestArchiveMemory makes archives of 50 and of 5,000 keys: the memory of both instances grows by a
// fifth at most.
func TestArchiveMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("wraps thousands of keys")
	}
	few, many := archiveOf(t, 50, -1), archiveOf(t, 5000, -1)
	t.Logf("making: %d and %d bytes, opening: %d and %d bytes", few.Memory.Making, many.Memory.Making, few.Memory.Opening, many.Memory.Opening)
	for name, pair := range map[string][2]int{
		"making": {few.Memory.Making, many.Memory.Making}, "opening and wrapping": {few.Memory.Opening, many.Memory.Opening},
	} {
		if limit := pair[0] + pair[0]/5; pair[1] > limit {
			t.Errorf("%s 5,000 keys takes %d bytes, 50 keys take %d: more than 1.2 times as much", name, pair[1], pair[0])
		}
	}
}

// TestArchiveOfOthers takes one key out of an archive, and refuses what is none.
func TestArchiveOfOthers(t *testing.T) {
	got := archiveOf(t, 3, 0)
	plain, err := age.Decrypt(bytes.NewReader(got.Archive), identity())
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(plain)
	if err != nil || !strings.Contains(string(content), "manifest.json") {
		t.Errorf("age opens it to %d bytes without a manifest: %v", len(content), err)
	}
}
