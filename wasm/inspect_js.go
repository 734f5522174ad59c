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
