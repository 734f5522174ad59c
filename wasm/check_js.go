//go:build custody

package main

import (
	"syscall/js"

	"keyferry/wasm/custody"
	"keyferry/wasm/custody/backup"
)

// check opens a backup and compares what is in it: with the commitment of an import that is being
// prepared, or with the receipt of one that was made. Nothing of the material leaves.
func check(args []js.Value) (result, error) {
	o := readOptions(args)
	file, secret, receipt := o.bytes("file"), o.text("secret"), o.bytesOrNone("receipt")
	if o.err != nil {
		return nil, o.err
	}
	r := &custody.Receipt{}
	var err error
	if receipt != nil {
		r, err = custody.ParseReceipt(receipt)
	} else {
		err = readCommitment(o, r)
	}
	if err != nil {
		return nil, err
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	if err := backup.Restore(file, with(secret), &material); err != nil {
		return nil, err
	}
	if err := custody.CheckAgainst(r, &material); err != nil {
		return nil, err
	}
	return result{
		"kcv": r.CheckValue.String(), "keyId": r.KeyID, "region": r.Region, "importedAt": r.ImportedAt, "preparedAt": r.PreparedAt,
		"expireUnix": float64(r.KeyMaterialExpireUnix), "origin": string(r.Origin),
	}, nil
}

// readCommitment takes the commitment and the check value of an import that is being prepared.
func readCommitment(o *options, r *custody.Receipt) error {
	kcv, digest, salt := o.text("kcv"), o.text("commitment"), o.text("salt")
	if o.err != nil {
		return o.err
	}
	var err error
	if r.CheckValue, err = custody.ParseKCV(kcv); err != nil {
		return err
	}
	if !decodeDigest(digest, &r.Commitment.Digest) || !decodeDigest(salt, &r.Commitment.Salt) {
		return badRequest("The commitment or its salt is not a digest.")
	}
	return nil
}
