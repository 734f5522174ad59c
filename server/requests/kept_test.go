package requests_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/requests"
)

// When a request has ended, however it has, neither ciphertext nor token is in any file of the
// database. The search finds them before.
func TestNothingSealedStaysInTheFiles(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, v requests.View) error{
		"imported": func(w *world, v requests.View) error {
			_, err := w.service.Approve(w.as(olga), v.ID, v.Digest)
			return err
		},
		"refused":   func(w *world, v requests.View) error { _, err := w.service.Refuse(w.as(olga), v.ID, "no"); return err },
		"cancelled": func(w *world, v requests.View) error { _, err := w.service.Cancel(w.as(rita), v.ID, ""); return err },
		"lapsed": func(w *world, v requests.View) error {
			w.clock.advance(25 * time.Hour)
			return w.service.Recover(w.t.Context())
		},
		"failed": func(w *world, v requests.View) error {
			w.inject(localkms.Fault{Kind: localkms.FaultError, Status: 400, Code: "InvalidKeyMaterial"})
			_, err := w.service.Approve(w.as(olga), v.ID, v.Digest)
			return err
		},
		"replaced": func(w *world, v requests.View) error {
			_, err := w.service.Submit(w.as(ira), v.ID, w.wrapped(ira, v.ID, material))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			w := newWorld(t, filepath.Join(folder, "keyferry.db"), localkms.Config{})
			fill(t, w, 50) // neighbours on the same pages
			r := w.create(w.terms(keyOne, "payments/cards"))
			in := w.wrapped(ira, r.ID, material)
			v, err := w.service.Submit(w.as(ira), r.ID, in)
			if err != nil {
				t.Fatal(err)
			}
			secrets := [][]byte{[]byte(in.EncryptedKeyMaterial), []byte(in.ImportToken), []byte(in.ImportToken[len(in.ImportToken)-40:])}
			for i, secret := range secrets {
				found := false
				for range 2 { // it may move from one file to another meanwhile
					found = found || inFiles(t, folder, secret)
				}
				if !found {
					t.Errorf("the search does not find secret %d while it is kept", i)
				}
			}
			if err := end(w, v); err != nil {
				t.Fatal(err)
			}
			// The write-ahead log has what was deleted for a second more.
			late := time.After(5 * time.Second)
			for i, secret := range secrets {
				for inFiles(t, folder, secret) {
					select {
					case <-late:
						t.Fatalf("secret %d is still in the files", i)
					case <-time.After(20 * time.Millisecond):
					}
				}
			}
		})
	}
}

// inFiles reports whether any file of a folder has some bytes.
func inFiles(t *testing.T, folder string, what []byte) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, what) {
			return true
		}
	}
	return false
}
