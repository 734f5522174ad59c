package main

import (
	"encoding/hex"

	"keyferry/wasm/keywrap"
)

// inspect answers what a person compares before wrapping to a key.
func inspect(o *options) (result, error) {
	publicKey := o.text("publicKey")
	if o.err != nil {
		return nil, o.err
	}
	key, err := keywrap.ParseWrappingKey([]byte(publicKey))
	if err != nil {
		return nil, err
	}
	return result{"fingerprint": fingerprint(key), "bits": 2048}, nil
}

func fingerprint(key *keywrap.WrappingKey) string {
	sum := key.Fingerprint()
	return hex.EncodeToString(sum[:])
}
