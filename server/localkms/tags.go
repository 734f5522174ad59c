package localkms

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxTags    = 20
	maxTagText = 128
)

// tagList reads a JSON list of tags.
func (c *call) tagList(name string) ([]tag, error) {
	var sent []struct{ TagKey, TagValue string }
	if json.Unmarshal([]byte(c.get(name)), &sent) != nil || len(sent) == 0 || len(sent) > maxTags {
		return nil, invalid(name)
	}
	tags := make([]tag, len(sent))
	seen := map[string]bool{}
	for i, t := range sent {
		tags[i] = tag{t.TagKey, t.TagValue}
		if !tags[i].valid() || seen[t.TagKey] {
			return nil, invalid(name)
		}
		seen[t.TagKey] = true
	}
	return tags, nil
}

// valid reports whether a tag keeps the published rules.
func (t tag) valid() bool {
	return validTagText(t.TagKey, 1) && validTagText(t.TagValue, 0)
}

func validTagText(text string, least int) bool {
	n := utf8.RuneCountInString(text)
	return n >= least && n <= maxTagText && !strings.HasPrefix(text, "aliyun") && !strings.HasPrefix(text, "acs:")
}

// addTags labels a key; a label of the same name gets the new value.
func (k *key) addTags(tags []tag) error {
	for _, t := range tags {
		k.setTag(t)
	}
	if len(k.Tags) > maxTags {
		return errLimitExceeded
	}
	return nil
}

func (k *key) setTag(t tag) {
	tags := slices.Clone(k.Tags)
	at := slices.IndexFunc(tags, func(have tag) bool { return have.TagKey == t.TagKey })
	if at < 0 {
		tags = append(tags, t)
	} else {
		tags[at] = t
	}
	k.Tags = tags
}

func (k *key) dropTags(drop func(tag) bool) {
	k.Tags = slices.DeleteFunc(slices.Clone(k.Tags), drop)
}
