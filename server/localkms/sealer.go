package localkms

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// sealer encrypts what is secret in a state file: key material and the store's
// own keys. Its key stands beside the file, so it does not keep anybody out
// who can read the folder; it keeps material from being found in a copied file
// or a search through a disk.
type sealer struct {
	aead cipher.AEAD
}

const sealerKeySize = 32

// storedKey is a key as a record has it.
type storedKey struct {
	key
	Material []byte `json:"material,omitempty"` // sealed
}

// storedChange is a change as a record has it.
type storedChange struct {
	Account string            `json:"account"`
	Keys    []storedKey       `json:"keys,omitempty"`
	Removed []string          `json:"removed,omitempty"`
	Aliases map[string]string `json:"aliases,omitempty"`
}

// readSealerKey reads the key file, or makes it if it may be new. The file
// comes back open and locked: it is what keeps a second process away, since it
// is never replaced as the state file is.
func readSealerKey(path string, mayCreate bool) (*sealer, *os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) && mayCreate {
		err = createSealerKey(path)
		if err == nil {
			file, err = os.OpenFile(path, os.O_RDWR, 0)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening key file: %w", err)
	}
	seal, err := newSealer(file)
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return seal, file, nil
}

func newSealer(file *os.File) (*sealer, error) {
	if err := lockFile(file); err != nil {
		return nil, err
	}
	if err := checkMode(file); err != nil {
		return nil, err
	}
	text := make([]byte, 2*sealerKeySize+2)
	n, err := file.Read(text)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text[:n])))
	if err != nil || len(key) != sealerKeySize {
		return nil, errors.New("it does not hold 64 hex digits")
	}
	return &sealer{aead: newAEAD(key)}, nil
}

// createSealerKey writes a fresh key under another name first, so that a kill
// cannot leave half of one.
func createSealerKey(path string) error {
	var key [sealerKeySize]byte
	rand.Read(key[:])
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%x\n", key)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (s *sealer) seal(plain []byte, context string) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, []byte(context))
}

func (s *sealer) open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < s.aead.NonceSize() {
		return nil, errStateDamaged
	}
	nonce, rest := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, rest, []byte(context))
	if err != nil {
		return nil, errors.New("a secret in the state file does not open under the key in the key file")
	}
	return plain, nil
}

func (s *sealer) secrets(own secrets) []byte {
	return s.seal(append(own.Binding[:], own.Token[:]...), "secrets")
}

func (s *sealer) openSecrets(sealed []byte) (own secrets, err error) {
	plain, err := s.open(sealed, "secrets")
	if err != nil {
		return own, err
	}
	if len(plain) != len(own.Binding)+len(own.Token) {
		return own, errStateDamaged
	}
	copy(own.Token[:], plain[copy(own.Binding[:], plain):])
	return own, nil
}

// stored returns a change with its material sealed, each for its own key.
func (s *sealer) stored(c change) storedChange {
	out := storedChange{Account: c.Account, Removed: c.Removed, Aliases: c.Aliases}
	for _, k := range c.Keys {
		sk := storedKey{key: *k}
		if k.material != nil {
			sk.Material = s.seal(k.material, "material\x00"+k.ID)
		}
		out.Keys = append(out.Keys, sk)
	}
	return out
}

// change reads a record back.
func (s *sealer) change(body []byte) (change, error) {
	var in storedChange
	if err := json.Unmarshal(body, &in); err != nil {
		return change{}, errStateDamaged
	}
	c := change{Account: in.Account, Removed: in.Removed, Aliases: in.Aliases}
	for _, sk := range in.Keys {
		k := sk.key
		if len(sk.Material) > 0 {
			var err error
			if k.material, err = s.open(sk.Material, "material\x00"+k.ID); err != nil {
				return c, err
			}
		}
		c.Keys = append(c.Keys, &k)
	}
	return c, nil
}
