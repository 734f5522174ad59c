package localkms

import "unicode/utf8"

// updateKeyDescription describes a CMK anew. An empty description is one too,
// so the parameter has to be there but may be empty.
func updateKeyDescription(k *KMS, c *call) (answer, error) {
	text, sent := c.params["Description"]
	if !sent {
		return nil, missing("Description")
	}
	if utf8.RuneCountInString(text) > maxDescription {
		return nil, invalid("Description")
	}
	return k.alter(c, func(_ *tx, key *key) error {
		key.Description = text
		return nil
	})
}
