package localkms

// enableKey makes a disabled CMK usable again.
func enableKey(k *KMS, c *call) (answer, error) {
	return k.alter(c, func(_ *tx, key *key) error {
		key.State = stateEnabled
		return nil
	})
}
