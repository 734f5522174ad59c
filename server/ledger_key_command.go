package main

import "keyferry/server/ledger"

// ledgerKeyCommand makes the key of a ledger that several consoles share.
type ledgerKeyCommand struct {
	File string `arg:"" help:"File to make, readable by its owner alone. The public key is in a file with the ending .pub."`
}

// Run makes the key, or leaves one that is there as it is.
func (k *ledgerKeyCommand) Run(t terminal) error {
	key, err := ledger.LoadKey(k.File, true)
	if err != nil {
		return err
	}
	t.say("Public key of the ledger: %s", key.Public())
	return nil
}
