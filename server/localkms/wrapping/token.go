package wrapping

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"keyferry/server/localkms/wire"
)

// TokenLife is how long an import token and its wrapping key are valid.
const TokenLife = 24 * time.Hour

// Session is what GetParametersForImport agrees with a client. It is sealed into the import
// token, so the KMS need not remember it: a token survives a restart, 100,000 of them cost no
// memory, and one can be used repeatedly while it is valid.
type Session struct {
	Algorithm Algorithm
	Expires   int64 // Unix seconds
	Primes    Primes
}

const sessionSize = 1 + 8 + 2*primeSize

var errToken = errors.New("the import token does not open")

// Seal writes the session into a token, in base64, for one CMK of one account. Both are in the
// additional data, so the token opens for nothing else.
func (in *Session) Seal(key *[32]byte, account, keyID string) string {
	plain := make([]byte, 0, sessionSize)
	plain = append(plain, byte(in.Algorithm))
	plain = binary.BigEndian.AppendUint64(plain, uint64(in.Expires))
	plain = append(plain, in.Primes[:]...)
	aead := tokenCipher(key)
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	sealed := aead.Seal(nonce, nonce, plain, tokenContext(account, keyID))
	return base64.StdEncoding.EncodeToString(sealed)
}

// OpenToken reads the session of a token. The error does not say what is wrong with it.
func OpenToken(key *[32]byte, account, keyID, token string) (*Session, error) {
	sealed, err := wire.DecodeBase64(token)
	if err != nil {
		return nil, errToken
	}
	aead := tokenCipher(key)
	if len(sealed) < aead.NonceSize() {
		return nil, errToken
	}
	nonce, rest := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, rest, tokenContext(account, keyID))
	if err != nil || len(plain) != sessionSize {
		return nil, errToken
	}
	return &Session{
		Algorithm: Algorithm(plain[0]),
		Expires:   int64(binary.BigEndian.Uint64(plain[1:9])),
		Primes:    Primes(plain[9:]),
	}, nil
}

func tokenContext(account, keyID string) []byte {
	return []byte("import token\x00" + account + "\x00" + keyID)
}

func tokenCipher(key *[32]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("wrapping: " + err.Error()) // cannot happen: the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("wrapping: " + err.Error()) // cannot happen: AES has the block size that GCM needs
	}
	return aead
}
