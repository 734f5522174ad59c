package localkms

import "strconv"

// maxResources is how many CMKs one call of the newer tag actions names.
const maxResources = 50

// tagResources labels several CMKs, all or none.
func tagResources(k *KMS, c *call) (answer, error) {
	ids, err := c.resources()
	if err != nil {
		return nil, err
	}
	tags, err := c.numberedTags()
	if err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		return nil, missing("Tag.1.Key")
	}
	return k.alterAll(c, ids, func(key *key) error { return key.addTags(tags) })
}

// resources returns the CMKs that a call names as ResourceId.1, ResourceId.2
// and so on.
func (c *call) resources() ([]string, error) {
	if c.get("ResourceType") != "key" {
		return nil, invalid("ResourceType")
	}
	ids := c.numbered("ResourceId.", "")
	if len(ids) > maxResources {
		return nil, invalid("ResourceId")
	}
	return ids, nil
}

// numbered returns the values of parameters that are counted from 1.
func (c *call) numbered(prefix, suffix string) []string {
	var values []string
	for i := 1; ; i++ {
		value, ok := c.params[prefix+strconv.Itoa(i)+suffix]
		if !ok || value == "" {
			return values
		}
		values = append(values, value)
	}
}

// numberedTags returns the tags that a call has as Tag.1.Key, Tag.1.Value.
func (c *call) numberedTags() ([]tag, error) {
	var tags []tag
	for i, name := range c.numbered("Tag.", ".Key") {
		t := tag{name, c.get("Tag." + strconv.Itoa(i+1) + ".Value")}
		if !t.valid() || i >= maxTags {
			return nil, invalid("Tag")
		}
		tags = append(tags, t)
	}
	return tags, nil
}

// alterAll changes several CMKs in one change.
func (k *KMS) alterAll(c *call, ids []string, fn func(*key) error) (answer, error) {
	if len(ids) == 0 {
		return nil, missing("ResourceId.1")
	}
	err := k.store.write(c.account, c.now, func(t *tx) error {
		for _, id := range ids {
			key, err := k.find(t.account, c, id)
			if err != nil {
				return err
			}
			changed := key.clone()
			if err := fn(changed); err != nil {
				return err
			}
			t.put(changed)
		}
		return nil
	})
	return &reply{}, err
}
