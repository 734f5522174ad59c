package localkms

import (
	"slices"
	"strconv"
)

// tagResourcesPage is how many CMKs one answer covers.
const tagResourcesPage = 100

type tagResourcesAnswer struct {
	reply
	NextToken    string
	TagResources struct{ TagResource []taggedResource }
}

type taggedResource struct {
	ResourceType string
	ResourceId   string
	TagKey       string
	TagValue     string
}

// listTagResources lists labels of the CMKs named, or of all that carry the
// labels asked for. NextToken leads to the rest.
func listTagResources(k *KMS, c *call) (answer, error) {
	ids, err := c.resources()
	if err != nil {
		return nil, err
	}
	wanted, err := c.numberedTags()
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 && len(wanted) == 0 {
		return nil, missing("ResourceId.1")
	}
	var from uint64
	if token := c.get("NextToken"); token != "" {
		if from, err = strconv.ParseUint(token, 10, 64); err != nil {
			return nil, invalid("NextToken")
		}
	}
	result := &tagResourcesAnswer{}
	result.TagResources.TagResource = []taggedResource{}
	err = k.store.read(c.account, c.now, func(a *account) error {
		keys, err := k.tagged(a, c, ids)
		if err != nil {
			return err
		}
		result.fill(keys, wanted, from)
		return nil
	})
	return result, err
}

// tagged returns the CMKs to look at, by creation.
func (k *KMS) tagged(a *account, c *call, ids []string) ([]*key, error) {
	if len(ids) == 0 {
		return slices.DeleteFunc(slices.Clone(a.order), func(key *key) bool { return !c.accessKey.mayUse(key.ID) }), nil
	}
	var keys []*key
	for _, id := range ids {
		key, err := k.find(a, c, id)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b *key) int { return int(a.Seq) - int(b.Seq) })
	return slices.Compact(keys), nil
}

// fill lists the labels of keys after the one numbered from, a page of them.
func (r *tagResourcesAnswer) fill(keys []*key, wanted []tag, from uint64) {
	listed := 0
	var last uint64
	for _, key := range keys {
		if key.Seq <= from || !key.carries(wanted) || len(key.Tags) == 0 {
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

// carries reports whether a key has all of the wanted labels; one without a
// value asks for the name alone.
func (k *key) carries(wanted []tag) bool {
	for _, want := range wanted {
		if !slices.ContainsFunc(k.Tags, func(t tag) bool {
			return t.TagKey == want.TagKey && (want.TagValue == "" || t.TagValue == want.TagValue)
		}) {
			return false
		}
	}
	return true
}
