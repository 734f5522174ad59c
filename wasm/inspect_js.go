package main

import (
	"encoding/base64"
	"encoding/hex"

	"keyferry/wasm/keywrap"
)

// inspect answers what a person compares before wrapping to a key, and the key as the KMS writes
// it: base64 of DER, in whatever form it came.
func inspect(o *options) (result, error) {
	publicKey := o.text("publicKey")
	if o.err != nil {
		return nil, o.err
	}
	key, err := keywrap.ParseWrappingKey([]byte(publicKey))
	if err != nil {
		return nil, err
	}
	return result{
		"fingerprint": fingerprint(key),
		"publicKey":   base64.StdEncoding.EncodeToString(key.DER()),
		"bits":        2048,
	}, nil
}

func fingerprint(key *keywrap.WrappingKey) string {
	sum := key.Fingerprint()
	return hex.EncodeToString(sum[:])
}

// wrapping is the key to wrap to, and how.
type wrapping struct {
	key       *keywrap.WrappingKey
	algorithm keywrap.Algorithm
}

func readWrapping(o *options) *wrapping {
	publicKey, algorithm := o.text("publicKey"), o.text("algorithm")
	if o.err != nil {
		return nil
	}
	w, err := &wrapping{}, error(nil)
	if w.key, err = keywrap.ParseWrappingKey([]byte(publicKey)); err != nil {
		o.fail(err)
	} else if w.algorithm, err = keywrap.ParseAlgorithm(algorithm); err != nil {
		o.fail(err)
	}
	return w
}

// wrap adds key material, wrapped, to what a job answers.
func (w *wrapping) wrap(m *keywrap.Material, out result) error {
	wrapped, err := w.key.Wrap(w.algorithm, m)
	if err != nil {
		return err
	}
	out["encryptedKeyMaterial"], out["sha256"] = base64.StdEncoding.EncodeToString(wrapped), digestOf(wrapped)
	out["fingerprint"] = fingerprint(w.key)
	return nil
}
