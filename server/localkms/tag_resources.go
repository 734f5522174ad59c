package localkms

import (
	"cmp"
	"slices"
	"strconv"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

// tagResources labels several CMKs, all or none.
func tagResources(k *KMS, c *call) (wire.Answer, error) {
	ids, err := c.resources()
	if err != nil {
		return nil, err
	}
	tags, err := c.numberedTags()
	if err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		return nil, wire.Missing("Tag.1.Key")
	}
	return k.alterAll(c, ids, func(key *store.Key) error { return addTags(key, tags) })
}

// untagResources removes labels of several CMKs, all or none: those named, or with All every one.
func untagResources(k *KMS, c *call) (wire.Answer, error) {
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
		return nil, wire.Invalid("TagKey")
	}
	if len(names) == 0 && !all {
		return nil, wire.Missing("TagKey.1")
	}
	return k.alterAll(c, ids, func(key *store.Key) error {
		// If labels are named, All has no effect: so its description says.
		dropTags(key, func(t store.Tag) bool { return len(names) == 0 || slices.Contains(names, t.TagKey) })
		return nil
	})
}

// alterAll changes several CMKs in one change.
func (k *KMS) alterAll(c *call, ids []string, fn func(*store.Key) error) (wire.Answer, error) {
	if len(ids) == 0 {
		return nil, wire.Missing("ResourceId.1")
	}
	err := k.store.Write(c.account, c.now, func(t *store.Tx) error {
		for _, id := range ids {
			key, err := k.find(t.Account, c, id)
			if err != nil {
				return err
			}
			changed := key.Clone()
			if err := fn(changed); err != nil {
				return err
			}
			t.Put(changed)
		}
		return nil
	})
	return &wire.Reply{}, err
}

// tagResourcesPage is how many CMKs one answer of ListTagResources covers.
const tagResourcesPage = 100

type tagResourcesAnswer struct {
	wire.Reply
	NextToken    string
	TagResources struct{ TagResource []taggedResource }
}

type taggedResource struct {
	ResourceType string
	ResourceId   string
	TagKey       string
	TagValue     string
}

// listTagResources lists the labels of the CMKs that are named, or of all that carry the labels
// asked for. NextToken leads to the rest.
func listTagResources(k *KMS, c *call) (wire.Answer, error) {
	ids, err := c.resources()
	if err != nil {
		return nil, err
	}
	wanted, err := c.numberedTags()
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 && len(wanted) == 0 {
		return nil, wire.Missing("ResourceId.1")
	}
	var from uint64
	if token := c.get("NextToken"); token != "" {
		if from, err = strconv.ParseUint(token, 10, 64); err != nil {
			return nil, wire.Invalid("NextToken")
		}
	}
	result := &tagResourcesAnswer{}
	result.TagResources.TagResource = []taggedResource{}
	err = k.store.Read(c.account, c.now, func(a *store.Account) error {
		keys, err := k.tagged(a, c, ids)
		if err != nil {
			return err
		}
		result.fill(keys, wanted, from)
		return nil
	})
	return result, err
}

// tagged returns the CMKs to look at, in the order of their creation.
func (k *KMS) tagged(a *store.Account, c *call, ids []string) ([]*store.Key, error) {
	if len(ids) == 0 {
		return slices.DeleteFunc(slices.Clone(a.Keys()), func(key *store.Key) bool { return !c.mayUse(k.config.Region, key.ID) }), nil
	}
	var keys []*store.Key
	for _, id := range ids {
		key, err := k.find(a, c, id)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b *store.Key) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.Compact(keys), nil
}

// fill lists a page of labels, of the keys after the one numbered from.
func (r *tagResourcesAnswer) fill(keys []*store.Key, wanted []store.Tag, from uint64) {
	listed := 0
	var last uint64
	for _, key := range keys {
		if key.Seq <= from || !carries(key, wanted) || len(key.Tags) == 0 {
			continue
		}
		if listed == tagResourcesPage {
			r.NextToken = strconv.FormatUint(last, 10)
			return
		}
		for _, t := range key.Tags {
			r.TagResources.TagResource = append(r.TagResources.TagResource, taggedResource{"key", key.ID, t.TagKey, t.TagValue})
		}
		listed++
		last = key.Seq
	}
}

// carries reports whether a key has all of the wanted labels; one without a value asks for the
// name alone.
func carries(k *store.Key, wanted []store.Tag) bool {
	for _, want := range wanted {
		if !slices.ContainsFunc(k.Tags, func(t store.Tag) bool {
			return t.TagKey == want.TagKey && (want.TagValue == "" || t.TagValue == want.TagValue)
		}) {
			return false
		}
	}
	return true
}
