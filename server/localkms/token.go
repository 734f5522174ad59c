package localkms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// tokenLife is how long an import token and its wrapping key are good for.
const tokenLife = 24 * time.Hour

// session is what GetParametersForImport agrees with a client: it is written
// into the import token, sealed, so that the KMS need not remember it. A token
// therefore survives a restart, 100,000 of them cost nothing, and one can be
// used as often as its life allows.
type session struct {
	algorithm algorithm
	expires   int64 // Unix seconds
	primes    primes
}

const sessionSize = 1 + 8 + 2*primeSize

// sealToken writes a session into a token for one CMK of one account. Both are
// in the additional data, so that a token opens for nothing else.
func (s *store) sealToken(account, keyID string, in session) string {
	plain := make([]byte, 0, sessionSize)
	plain = append(plain, byte(in.algorithm))
	plain = binary.BigEndian.AppendUint64(plain, uint64(in.expires))
	plain = append(plain, in.primes[:]...)
	aead := s.tokenCipher()
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	sealed := aead.Seal(nonce, nonce, plain, tokenContext(account, keyID))
	return base64.StdEncoding.EncodeToString(sealed)
}

// openToken reads a token back; anything wrong with it is InvalidImportToken.
func (s *store) openToken(account, keyID, token string) (*session, error) {
	sealed, err := decodeBase64(token)
	if err != nil {
		return nil, errToken
	}
	aead := s.tokenCipher()
	if len(sealed) < aead.NonceSize() {
		return nil, errToken
	}
	nonce, rest := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, rest, tokenContext(account, keyID))
	if err != nil || len(plain) != sessionSize {
		return nil, errToken
	}
	return &session{
		algorithm: algorithm(plain[0]),
		expires:   int64(binary.BigEndian.Uint64(plain[1:9])),
		primes:    primes(plain[9:]),
	}, nil
}

func (s *store) tokenCipher() cipher.AEAD {
	s.mu.RLock()
	secret := s.secrets.Token
	s.mu.RUnlock()
	return newAEAD(secret[:])
}

func tokenContext(account, keyID string) []byte {
	return []byte("import token\x00" + account + "\x00" + keyID)
}

// newAEAD returns AES-GCM under a key of a size that is always right.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("localkms: " + err.Error()) // cannot happen: every key here has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("localkms: " + err.Error()) // cannot happen: AES has the block size that GCM wants
	}
	return aead
}
