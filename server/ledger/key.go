package ledger

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/natefinch/atomic"
	"golang.org/x/mod/sumdb/note"
)

// Key signs the checkpoints of one log. Its name is the origin of the log.
type Key struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// Public returns the public key as C2SP signed-note has it: name, hash and key, separated by "+".
func (k Key) Public() string { return k.public }

// Verifier returns what checks the signatures of the key.
func (k Key) Verifier() note.Verifier { return k.verifier }

// Origin returns the name of the log, which is that of its key.
func (k Key) Origin() string { return k.verifier.Name() }

// NewKey makes a key. An empty name means "keyferry-ledger-" and 16 random hexadecimal digits: two
// logs must never have the same name.
func NewKey(name string) (Key, error) {
	k, _, err := newKey(name)
	return k, err
}

func newKey(name string) (k Key, private string, err error) {
	if name == "" {
		random := make([]byte, 8)
		rand.Read(random)
		name = "keyferry-ledger-" + hex.EncodeToString(random)
	}
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return Key{}, "", err
	}
	k, err = parseKey(private, public)
	return k, private, err
}

func parseKey(private, public string) (Key, error) {
	signer, err := note.NewSigner(private)
	if err != nil {
		return Key{}, errors.New("it has no private key of a signed note")
	}
	verifier, err := note.NewVerifier(public)
	if err != nil || verifier.KeyHash() != signer.KeyHash() || verifier.Name() != signer.Name() {
		return Key{}, errors.New("its public key is not that of its private key")
	}
	return Key{signer, verifier, public}, nil
}

// LoadKey reads a key file: two lines, the private key as golang.org/x/mod/sumdb/note writes it,
// and the public key. If the file does not exist, it is made when create is set, readable by its
// owner alone; beside it is then a file with the ending .pub, which has the public key alone.
func LoadKey(path string, create bool) (Key, error) {
	k, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		k, err = createKey(path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("reading the ledger's key %s: %w", path, err)
	}
	return k, nil
}

func loadKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, err
	}
	// Its group may read it: credentials of systemd and secrets of Kubernetes belong to root, and
	// the program reads them as a member of their group or by an access list, which shows as such.
	if info.Mode().Perm()&0o037 != 0 {
		return Key{}, errors.New("others can read it: chmod 600, or make a new key if somebody may have")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, err
	}
	private, public, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return parseKey(strings.TrimSpace(private), strings.TrimSpace(public))
}

// createKey makes a key file. Of several programs that do so at once, one succeeds, and the others
// read its key.
func createKey(path string) (Key, error) {
	k, private, err := newKey("")
	if err != nil {
		return Key{}, err
	}
	whole, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return Key{}, err
	}
	defer os.Remove(whole.Name())
	_, err = whole.WriteString(private + "\n" + k.public + "\n")
	if err := errors.Join(err, whole.Sync(), whole.Close()); err != nil {
		return Key{}, err
	}
	if err := os.Link(whole.Name(), path); errors.Is(err, fs.ErrExist) {
		return loadKey(path)
	} else if err != nil {
		return Key{}, err
	}
	return k, atomic.WriteFile(path+".pub", strings.NewReader(k.public+"\n"))
}

// ParsePublic reads a public key: the text itself, or the name of a file that has it.
func ParsePublic(text string) (note.Verifier, error) {
	if !strings.Contains(text, "+") {
		file, err := os.ReadFile(text)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger's public key: %w", err)
		}
		text = string(file)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(text))
	if err != nil {
		return nil, errors.New("this is not the public key of a ledger, which is name+hash+key")
	}
	return verifier, nil
}
