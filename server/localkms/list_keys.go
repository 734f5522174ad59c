package localkms

import (
	"encoding/json"
	"slices"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

type listKeysAnswer struct {
	wire.Reply
	paging
	Keys struct{ Key []listedKey }
}

type listedKey struct {
	KeyId  string
	KeyArn string
}

// listKeys lists CMKs in the order of their creation.
func listKeys(k *KMS, c *call) (wire.Answer, error) {
	page, err := c.page(1)
	if err != nil {
		return nil, err
	}
	filters, err := c.filters()
	if err != nil {
		return nil, err
	}
	result := &listKeysAnswer{}
	result.Keys.Key = []listedKey{}
	err = k.store.Read(c.account, c.now, func(a *store.Account) error {
		for _, key := range pageOf(a.Keys(), filters, &page) {
			result.Keys.Key = append(result.Keys.Key, listedKey{key.ID, k.arn(c.account, "key/"+key.ID)})
		}
		return nil
	})
	result.paging = page
	return result, err
}

// pageOf returns a page of those keys that pass the filters. Without filters every page costs the
// same; with them it looks at every key.
func pageOf(keys []*store.Key, filters []filter, page *paging) []*store.Key {
	if len(filters) == 0 {
		from, to := page.of(len(keys))
		return keys[from:to]
	}
	passed, first := int64(0), int64(page.PageNumber-1)*int64(page.PageSize)
	var listed []*store.Key
	for _, k := range keys {
		if slices.ContainsFunc(filters, func(f filter) bool { return !f.passes(k) }) {
			continue
		}
		if passed >= first && len(listed) < page.PageSize {
			listed = append(listed, k)
		}
		passed++
	}
	page.TotalCount = int(passed)
	return listed
}

// filter is one condition on a listed key: it has one of the values. All filters must hold.
type filter struct {
	Key    string
	Values []string
}

const maxFilters = 10

func (c *call) filters() ([]filter, error) {
	text := c.get("Filters")
	if text == "" {
		return nil, nil
	}
	var filters []filter
	if json.Unmarshal([]byte(text), &filters) != nil || len(filters) > maxFilters {
		return nil, wire.Invalid("Filters")
	}
	for _, f := range filters {
		if _, ok := attribute(&store.Key{}, f.Key); !ok || len(f.Values) == 0 {
			return nil, wire.Invalid("Filters")
		}
	}
	return filters, nil
}

func (f filter) passes(k *store.Key) bool {
	value, _ := attribute(k, f.Key)
	return slices.Contains(f.Values, value)
}

// attribute returns the value that a filter of that name looks at.
func attribute(k *store.Key, name string) (value string, known bool) {
	switch name {
	case "KeyState":
		return k.State.String(), true
	case "KeySpec":
		return k.Spec, true
	case "KeyUsage":
		return usageEncrypt, true
	case "ProtectionLevel":
		return k.Level, true
	case "CreatorType":
		if k.Service {
			return "Service", true
		}
		return "User", true
	case "Origin":
		return k.Origin, true
	case "DKMSInstanceId":
		return "", true
	}
	return "", false
}
