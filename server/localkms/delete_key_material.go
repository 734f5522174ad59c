package localkms

// deleteKeyMaterial takes the material out of a CMK, in every state. The CMK
// stays bound to it: only the same bytes can come back. Where there is no
// material, there is nothing to do.
func deleteKeyMaterial(k *KMS, c *call) (answer, error) {
	return k.alter(c, func(_ *tx, key *key) error {
		if key.Origin != originExternal {
			return errOrigin
		}
		*key = *key.withoutMaterial()
		return nil
	})
}
