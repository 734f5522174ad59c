package localkms

import (
	"encoding/json"
	"slices"
)

// untagResource takes labels from a CMK; one that it has not is no error.
func untagResource(k *KMS, c *call) (answer, error) {
	if err := c.onlyKeyID(); err != nil {
		return nil, err
	}
	var names []string
	if json.Unmarshal([]byte(c.get("TagKeys")), &names) != nil || len(names) == 0 || len(names) > maxTags {
		return nil, invalid("TagKeys")
	}
	return k.alter(c, func(_ *tx, key *key) error {
		key.dropTags(func(t tag) bool { return slices.Contains(names, t.TagKey) })
		return nil
	})
}
