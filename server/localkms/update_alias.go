package localkms

// updateAlias lets an alias name another CMK. Only the state of that one
// matters.
func updateAlias(k *KMS, c *call) (answer, error) {
	name := c.get("AliasName")
	if !validAlias(name) {
		return nil, invalid("AliasName")
	}
	return k.alter(c, func(t *tx, key *key) error {
		id, exists := t.aliases[name]
		if !exists {
			return errAliasNotFound
		}
		if _, err := k.permitted(t.account, c, id); err != nil {
			return err
		}
		t.setAlias(name, key.ID)
		return nil
	})
}
