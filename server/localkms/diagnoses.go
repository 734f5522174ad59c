package localkms

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"sync"
)

// diagnosis is a failed import to look into.
type diagnosis struct {
	requestID string
	keyID     string
	private   *rsa.PrivateKey
	algorithm algorithm
	wrapped   []byte
	size      int
	opened    bool // it could be opened, so that the binding refused it
}

// diagnoses finds out why imports failed, and says so in the KMS's own log and
// nowhere else. It works after the answer has been decided, one at a time in a
// goroutine of its own, so that an answer's time tells nothing; when it cannot
// keep up it lets some go.
type diagnoses struct {
	log    *slog.Logger
	queue  chan diagnosis
	stop   chan struct{}
	done   sync.WaitGroup
	recent *recentPairs // to recognise a mix-up of parameters
}

// How many diagnoses may wait, and how many other wrapping keys each tries.
const (
	maxDiagnoses  = 16
	diagnosedKeys = 16
)

func newDiagnoses(log *slog.Logger, recent *recentPairs) *diagnoses {
	d := &diagnoses{log: log, recent: recent, queue: make(chan diagnosis, maxDiagnoses), stop: make(chan struct{})}
	d.done.Go(d.work)
	return d
}

func (d *diagnoses) add(one diagnosis) {
	if !d.log.Enabled(context.Background(), slog.LevelWarn) {
		return // nobody would read what takes a hundred decryptions to find out
	}
	select {
	case d.queue <- one:
	default:
	}
}

func (d *diagnoses) work() {
	for {
		select {
		case one := <-d.queue:
			d.log.Warn("import refused: "+d.reason(one),
				"requestId", one.requestID, "keyId", one.keyID, "algorithm", one.algorithm.String())
		case <-d.stop:
			return
		}
	}
}

func (d *diagnoses) close() {
	close(d.stop)
	d.done.Wait()
}

// reason says what is wrong with a wrapped material, as far as it shows. It
// names kinds and lengths, never content.
func (d *diagnoses) reason(one diagnosis) string {
	if one.opened {
		return "this is not the key material that the CMK is bound to"
	}
	if len(one.wrapped) != wrappingKeySize {
		if _, err := base64.StdEncoding.DecodeString(string(one.wrapped)); err == nil {
			return "the wrapped material is base64 inside base64"
		}
		return "the wrapped material has not the 256 bytes that RSA_2048 gives"
	}
	if found := explain(one.private, one); found != "" {
		return found
	}
	for _, p := range d.recent.latest(diagnosedKeys) {
		if !p.private.Equal(one.private) && explain(p.private, one) != "" {
			return "it was wrapped under the public key of another GetParametersForImport than the token's"
		}
	}
	return "it opens under no padding with the token's wrapping key: wrapped under another key, or damaged"
}

// explain tries every padding that a mistake may lead to; an empty result
// means that none opens it.
func explain(private *rsa.PrivateKey, one diagnosis) string {
	for _, p := range paddings {
		plain, err := p.open(private, one.wrapped)
		if err != nil {
			continue
		}
		defer clear(plain)
		if p.algorithm != one.algorithm {
			return "it was wrapped with " + p.name + " instead of " + one.algorithm.String()
		}
		return describeText(plain, one.size)
	}
	return ""
}

// padding is a way in which material may have been wrapped.
type padding struct {
	name      string
	algorithm algorithm // 0 for those that the API does not have
	open      func(*rsa.PrivateKey, []byte) ([]byte, error)
}

// paddings has those first that succeed by mistake hardly ever; PKCS #1 v1.5
// padding is found by chance once in some ten thousand.
var paddings = []padding{
	{"RSAES_OAEP_SHA_256", oaepSHA256, oaep(crypto.SHA256, crypto.SHA256)},
	{"RSAES_OAEP_SHA_1", oaepSHA1, oaep(crypto.SHA1, crypto.SHA1)},
	{"OAEP SHA-256 with MGF1 SHA-1, the default of Java's OAEPWithSHA-256AndMGF1Padding,", 0, oaep(crypto.SHA256, crypto.SHA1)},
	{"OAEP SHA-1 with MGF1 SHA-256", 0, oaep(crypto.SHA1, crypto.SHA256)},
	{"RSAES_PKCS1_V1_5", pkcs1v15, func(private *rsa.PrivateKey, wrapped []byte) ([]byte, error) {
		//lint:ignore SA1019 the question is whether a client used this padding
		return rsa.DecryptPKCS1v15(nil, private, wrapped)
	}},
}

func oaep(hash, mask crypto.Hash) func(*rsa.PrivateKey, []byte) ([]byte, error) {
	return func(private *rsa.PrivateKey, wrapped []byte) ([]byte, error) {
		return private.Decrypt(nil, wrapped, &rsa.OAEPOptions{Hash: hash, MGFHash: mask})
	}
}

// describeText says what was wrapped when it was not size bytes of material.
func describeText(plain []byte, size int) string {
	text := bytes.TrimSpace(plain)
	if decoded, err := hex.DecodeString(string(text)); err == nil && len(decoded) == size {
		return "hex text was wrapped instead of the bytes that it stands for"
	}
	if decoded, err := base64.StdEncoding.DecodeString(string(text)); err == nil && len(decoded) == size {
		return "base64 text was wrapped instead of the bytes that it stands for"
	}
	if len(text) == size && len(plain) > size {
		return "the material has white space or a newline too many"
	}
	if len(plain) == size {
		return "the wrapped material is as it should be"
	}
	return "what was wrapped has another length than the key's spec takes"
}
