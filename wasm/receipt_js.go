package main

import (
	"encoding/hex"
	"syscall/js"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

func decodeDigest(text string, into *[32]byte) bool {
	n, err := hex.Decode(into[:], []byte(text[:min(len(text), 2*len(into))]))
	return err == nil && n == len(into) && len(text) == 2*len(into)
}

// writeReceipt writes the receipt of an import from what the page knows. There is no secret in it.
func writeReceipt(args []js.Value) (result, error) {
	o := readOptions(args)
	r := &custody.Receipt{
		Program: o.text("program"), KeyID: o.text("keyId"), Region: o.text("region"), Alias: o.text("alias"),
		WrappingAlgorithm: keywrap.Algorithm(o.text("algorithm")), TokenExpireTime: o.text("tokenExpireTime"),
		KeyMaterialExpireUnix: o.number("expireUnix"), Origin: custody.Origin(o.text("origin")),
		PreparedAt: o.text("preparedAt"), ImportedAt: o.text("importedAt"),
		ParametersRequestID: o.text("parametersRequestId"), ImportRequestID: o.text("importRequestId"),
		BackupFile: o.text("backupFile"),
	}
	for name, into := range map[string]*[32]byte{
		"moduleSHA256": &r.ModuleSHA256, "wrappingKeySHA256": &r.WrappingKeySHA256, "tokenSHA256": &r.ImportTokenSHA256,
		"ciphertextSHA256": &r.EncryptedKeyMaterialSHA256, "commitment": &r.Commitment.Digest, "salt": &r.Commitment.Salt,
	} {
		if !decodeDigest(o.text(name), into) {
			o.wrong(name)
		}
	}
	if digest := o.text("backupSHA256"); digest != "" && !decodeDigest(digest, &r.BackupSHA256) {
		o.wrong("backupSHA256")
	}
	kcv := o.text("kcv")
	if o.err != nil {
		return nil, o.err
	}
	var err error
	if r.CheckValue, err = custody.ParseKCV(kcv); err != nil {
		return nil, err
	}
	text, err := custody.WriteReceipt(r)
	if err != nil {
		return nil, err
	}
	return result{"receipt": array(text)}, nil
}
