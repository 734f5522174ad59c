package localkms

// tagResource labels a CMK.
func tagResource(k *KMS, c *call) (answer, error) {
	if err := c.onlyKeyID(); err != nil {
		return nil, err
	}
	tags, err := c.tagList("Tags")
	if err != nil {
		return nil, err
	}
	return k.alter(c, func(_ *tx, key *key) error { return key.addTags(tags) })
}

// onlyKeyID refuses what the tag actions take besides CMKs: there are no
// secrets and no certificates here.
func (c *call) onlyKeyID() error {
	named := 0
	for _, name := range []string{"KeyId", "SecretName", "CertificateId"} {
		if c.get(name) != "" {
			named++
		}
	}
	switch {
	case named == 0:
		return missing("KeyId")
	case named > 1:
		return invalid("KeyId")
	case c.get("KeyId") == "":
		return errUnsupported
	}
	return nil
}
