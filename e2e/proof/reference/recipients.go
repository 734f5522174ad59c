package reference

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"errors"
	"strings"
)

func recipientStanza(recipient string, fileKey []byte, random *Stream) (stanza, error) {
	kind, public, err := bech32(recipient)
	if err != nil {
		return stanza{}, err
	}
	switch kind {
	case "age":
		return classicStanza(public, fileKey, random)
	case "age1pq":
		return hybridStanza(public, fileKey, random)
	}
	return stanza{}, errors.New("no known kind of recipient")
}

// classicStanza is that of an X25519 recipient.
func classicStanza(public, fileKey []byte, random *Stream) (stanza, error) {
	ours, shared, err := agree(random.Take("ephemeral key of X25519", 32), public)
	if err != nil {
		return stanza{}, err
	}
	key := derive(shared, append(append([]byte{}, ours...), public...), "age-encryption.org/v1/X25519")
	return stanza{[]string{"X25519", encode(ours)}, seal(key, make([]byte, 12), fileKey)}, nil
}

// hybridStanza is that of a post-quantum recipient: HPKE (RFC 9180) over ML-KEM-768 with X25519,
// which is X-Wing.
func hybridStanza(public, fileKey []byte, random *Stream) (stanza, error) {
	if len(public) != mlkem.EncapsulationKeySize768+32 {
		return stanza{}, errors.New("the recipient has another size")
	}
	lattice, curve := public[:mlkem.EncapsulationKeySize768], public[mlkem.EncapsulationKeySize768:]
	ours, ofCurve, err := agree(random.Take("ephemeral key of X25519", 32), curve)
	if err != nil {
		return stanza{}, err
	}
	to, err := mlkem.NewEncapsulationKey768(lattice)
	if err != nil {
		return stanza{}, err
	}
	ofLattice, capsule, err := mlkemtest.Encapsulate768(to, random.Take("message of ML-KEM", 32))
	if err != nil {
		return stanza{}, err
	}
	combined := append(append(append(append([]byte{}, ofLattice...), ofCurve...), ours...), curve...)
	shared := sha3.Sum256(append(combined, `\.//^\`...))
	key, nonce := hpkeKey(shared[:], "age-encryption.org/mlkem768x25519")
	return stanza{[]string{"mlkem768x25519", encode(append(capsule, ours...))}, seal(key, nonce, fileKey)}, nil
}

// agree returns the public key of a private one, and the secret that it shares with theirs.
func agree(private, theirs []byte) (ours, shared []byte, err error) {
	key, err := ecdh.X25519().NewPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	public, err := ecdh.X25519().NewPublicKey(theirs)
	if err != nil {
		return nil, nil, err
	}
	shared, err = key.ECDH(public)
	return key.PublicKey().Bytes(), shared, err
}

// hpkeKey is the key schedule of RFC 9180, section 5.1, in its base mode: key and nonce of the
// first message. The suite is X-Wing (0x647a), HKDF with SHA-256 (1) and ChaCha20-Poly1305 (3).
func hpkeKey(shared []byte, info string) (key, nonce []byte) {
	const suite = "HPKE\x64\x7a\x00\x01\x00\x03"
	extract := func(salt []byte, label, input string) []byte {
		out, err := hkdf.Extract(sha256.New, []byte("HPKE-v1"+suite+label+input), salt)
		if err != nil {
			panic("reference: HKDF does not extract: " + err.Error()) // cannot happen
		}
		return out
	}
	context := "\x00" + string(extract(nil, "psk_id_hash", "")) + string(extract(nil, "info_hash", info))
	secret := extract(shared, "secret", "")
	expand := func(label string, n int) []byte {
		length := string(binary.BigEndian.AppendUint16(nil, uint16(n)))
		out, err := hkdf.Expand(sha256.New, secret, length+"HPKE-v1"+suite+label+context, n)
		if err != nil {
			panic("reference: HKDF does not expand: " + err.Error()) // cannot happen
		}
		return out
	}
	return expand("key", 32), expand("base_nonce", 12)
}

// bech32 takes a recipient apart (BIP 173, without its limit on the length). The checksum is left
// to those who read recipients in earnest.
func bech32(text string) (kind string, content []byte, err error) {
	const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	at := strings.LastIndexByte(text, '1')
	if at < 0 || len(text) < at+7 {
		return "", nil, errors.New("this is no bech32")
	}
	bits, held := 0, 0
	for _, c := range text[at+1 : len(text)-6] {
		value := strings.IndexRune(letters, c)
		if value < 0 {
			return "", nil, errors.New("this is no bech32")
		}
		bits, held = bits<<5|value, held+5
		if held >= 8 {
			held -= 8
			content = append(content, byte(bits>>held))
			bits &= 1<<held - 1
		}
	}
	return text[:at], content, nil
}
