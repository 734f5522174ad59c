package localkms

import (
	"encoding/json"
	"slices"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

// tagResource labels a CMK.
func tagResource(k *KMS, c *call) (wire.Answer, error) {
	if err := c.onlyKeyID(); err != nil {
		return nil, err
	}
	tags, err := c.tagList("Tags")
	if err != nil {
		return nil, err
	}
	return k.alter(c, func(_ *store.Tx, key *store.Key) error { return addTags(key, tags) })
}

// untagResource removes labels of a CMK; a label that is not there is not an error.
func untagResource(k *KMS, c *call) (wire.Answer, error) {
	if err := c.onlyKeyID(); err != nil {
		return nil, err
	}
	var names []string
	if json.Unmarshal([]byte(c.get("TagKeys")), &names) != nil || len(names) == 0 || len(names) > maxTags {
		return nil, wire.Invalid("TagKeys")
	}
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		dropTags(key, func(t store.Tag) bool { return slices.Contains(names, t.TagKey) })
		return nil
	})
}

// onlyKeyID refuses what the tag actions take besides CMKs: this KMS has no secrets and no
// certificates.
func (c *call) onlyKeyID() error {
	named := 0
	for _, name := range []string{"KeyId", "SecretName", "CertificateId"} {
		if c.get(name) != "" {
			named++
		}
	}
	switch {
	case named == 0:
		return wire.Missing("KeyId")
	case named > 1:
		return wire.Invalid("KeyId")
	case c.get("KeyId") == "":
		return wire.ErrUnsupported
	}
	return nil
}

type resourceTagsAnswer struct {
	wire.Reply
	Tags struct{ Tag []resourceTag }
}

type resourceTag struct {
	KeyId    string
	TagKey   string
	TagValue string
}

// listResourceTags lists the labels of a CMK.
func listResourceTags(k *KMS, c *call) (wire.Answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	result := &resourceTagsAnswer{}
	result.Tags.Tag = []resourceTag{}
	for _, t := range key.Tags {
		result.Tags.Tag = append(result.Tags.Tag, resourceTag{key.ID, t.TagKey, t.TagValue})
	}
	return result, nil
}
