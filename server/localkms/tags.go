package localkms

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

const (
	maxTags    = 20
	maxTagText = 128
)

// tagList reads tags from a JSON list.
func (c *call) tagList(name string) ([]store.Tag, error) {
	var sent []struct{ TagKey, TagValue string }
	if json.Unmarshal([]byte(c.get(name)), &sent) != nil || len(sent) == 0 || len(sent) > maxTags {
		return nil, wire.Invalid(name)
	}
	tags := make([]store.Tag, len(sent))
	seen := map[string]bool{}
	for i, t := range sent {
		tags[i] = store.Tag{TagKey: t.TagKey, TagValue: t.TagValue}
		if !validTag(tags[i]) || seen[t.TagKey] {
			return nil, wire.Invalid(name)
		}
		seen[t.TagKey] = true
	}
	return tags, nil
}

// numberedTags reads tags from Tag.1.Key, Tag.1.Value and so on.
func (c *call) numberedTags() ([]store.Tag, error) {
	var tags []store.Tag
	for i, name := range c.numbered("Tag.", ".Key") {
		t := store.Tag{TagKey: name, TagValue: c.get("Tag." + strconv.Itoa(i+1) + ".Value")}
		if !validTag(t) || i >= maxTags {
			return nil, wire.Invalid("Tag")
		}
		tags = append(tags, t)
	}
	return tags, nil
}

// validTag reports whether a tag keeps the published rules.
func validTag(t store.Tag) bool {
	return validTagText(t.TagKey, 1) && validTagText(t.TagValue, 0)
}

func validTagText(text string, least int) bool {
	n := utf8.RuneCountInString(text)
	return n >= least && n <= maxTagText && !strings.HasPrefix(text, "aliyun") && !strings.HasPrefix(text, "acs:")
}

// addTags labels a key; a label with the same name gets the new value.
func addTags(k *store.Key, tags []store.Tag) error {
	all := slices.Clone(k.Tags)
	for _, t := range tags {
		if at := slices.IndexFunc(all, func(have store.Tag) bool { return have.TagKey == t.TagKey }); at >= 0 {
			all[at] = t
		} else {
			all = append(all, t)
		}
	}
	if len(all) > maxTags {
		return wire.ErrLimitExceeded
	}
	k.Tags = all
	return nil
}

func dropTags(k *store.Key, drop func(store.Tag) bool) {
	k.Tags = slices.DeleteFunc(slices.Clone(k.Tags), drop)
}
