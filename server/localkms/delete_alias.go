package localkms

// deleteAlias takes a name from its CMK, in every state.
func deleteAlias(k *KMS, c *call) (answer, error) {
	name := c.get("AliasName")
	if !validAlias(name) {
		return nil, invalid("AliasName")
	}
	err := k.store.write(c.account, c.now, func(t *tx) error {
		id, exists := t.aliases[name]
		if !exists {
			return errAliasNotFound
		}
		if _, err := k.permitted(t.account, c, id); err != nil {
			return err
		}
		t.setAlias(name, "")
		return nil
	})
	return &reply{}, err
}
