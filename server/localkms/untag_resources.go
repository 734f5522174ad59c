package localkms

import "slices"

// untagResources takes labels from several CMKs, all or none: those named, or
// with All every one.
func untagResources(k *KMS, c *call) (answer, error) {
	ids, err := c.resources()
	if err != nil {
		return nil, err
	}
	all, err := c.boolean("All")
	if err != nil {
		return nil, err
	}
	names := c.numbered("TagKey.", "")
	if len(names) > maxTags {
		return nil, invalid("TagKey")
	}
	if len(names) == 0 && !all {
		return nil, missing("TagKey.1")
	}
	return k.alterAll(c, ids, func(key *key) error {
		key.dropTags(func(t tag) bool {
			// Named labels win over All, as the parameter's description has it.
			return len(names) == 0 || slices.Contains(names, t.TagKey)
		})
		return nil
	})
}
