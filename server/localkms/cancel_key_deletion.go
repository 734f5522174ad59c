package localkms

// cancelKeyDeletion lets a CMK live. It is Enabled afterwards, or waits for
// its material if it has none: an enabled CMK could not be used without.
func cancelKeyDeletion(k *KMS, c *call) (answer, error) {
	return k.alter(c, func(_ *tx, key *key) error {
		key.State = stateEnabled
		if key.material == nil {
			key.State = statePendingImport
		}
		key.DeleteAt = 0
		return nil
	})
}
