package localkms

// disableKey makes a CMK unusable for cryptography until it is enabled again.
func disableKey(k *KMS, c *call) (answer, error) {
	return k.alter(c, func(_ *tx, key *key) error {
		key.State = stateDisabled
		return nil
	})
}
