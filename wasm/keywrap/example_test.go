package keywrap_test

import (
	"fmt"

	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

func ExampleWrappingKey_Wrap() {
	// What GetParametersForImport returned as PublicKey.
	publicKey := keywraptest.PublicKey()

	key, err := keywrap.ParseWrappingKey([]byte(publicKey))
	if err != nil {
		fmt.Println(err)
		return
	}
	var material keywrap.Material
	defer clear(material[:])
	if err := keywrap.Generate(&material); err != nil {
		fmt.Println(err)
		return
	}
	wrapped, err := key.Wrap(keywrap.OAEPSHA256, &material)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("fingerprint %x\n", key.Fingerprint())
	fmt.Println(len(wrapped), "bytes for ImportKeyMaterial")
	// Output:
	// fingerprint 8fb6bad671cfe698393c453357da61b56d757ab8c0f3fb9c87f2849e63131878
	// 256 bytes for ImportKeyMaterial
}

func ExampleParseWrappingKey_refused() {
	_, err := keywrap.ParseWrappingKey([]byte("-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"))
	fmt.Println(err == keywrap.CodeKeyCertificate, err)
	// Output: true wrapping_key_certificate
}
