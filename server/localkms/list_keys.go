package localkms

import (
	"encoding/json"
	"math"
	"slices"
)

// paging is the part of an answer that says which page it is.
type paging struct {
	PageNumber int
	PageSize   int
	TotalCount int
}

// page reads which page a call asks for.
func (c *call) page(smallest int) (paging, error) {
	var p paging
	var err error
	if p.PageNumber, err = c.integer("PageNumber", 1, 1, math.MaxInt32); err != nil {
		return p, err
	}
	p.PageSize, err = c.integer("PageSize", 10, smallest, 100)
	return p, err
}

// of sets the total and returns the bounds of the page in a list of that
// length.
func (p *paging) of(total int) (from, to int) {
	p.TotalCount = total
	if p.PageSize > 0 && p.PageNumber-1 > total/p.PageSize {
		return total, total // the product below could be too large for an int
	}
	from = min((p.PageNumber-1)*p.PageSize, total)
	return from, min(from+p.PageSize, total)
}

type listKeysAnswer struct {
	reply
	paging
	Keys struct{ Key []listedKey }
}

type listedKey struct {
	KeyId  string
	KeyArn string
}

// listKeys lists CMKs in the order of their creation.
func listKeys(k *KMS, c *call) (answer, error) {
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
	err = k.store.read(c.account, c.now, func(a *account) error {
		for _, key := range pageOf(a.order, filters, &page) {
			result.Keys.Key = append(result.Keys.Key, listedKey{key.ID, k.arn(c.account, "key/"+key.ID)})
		}
		return nil
	})
	result.paging = page
	return result, err
}

// pageOf returns a page of those keys that pass the filters. Without filters
// it costs the same wherever the page is; with them it looks at every key.
func pageOf(keys []*key, filters []filter, page *paging) []*key {
	if len(filters) == 0 {
		from, to := page.of(len(keys))
		return keys[from:to]
	}
	passed, first := int64(0), int64(page.PageNumber-1)*int64(page.PageSize)
	var listed []*key
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

// filter is one condition on a listed key: any of the values will do, and all
// filters must hold.
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
		return nil, invalid("Filters")
	}
	for _, f := range filters {
		if _, ok := (&key{}).attribute(f.Key); !ok || len(f.Values) == 0 {
			return nil, invalid("Filters")
		}
	}
	return filters, nil
}

func (f filter) passes(k *key) bool {
	value, _ := k.attribute(f.Key)
	return slices.Contains(f.Values, value)
}

// attribute returns what a filter of a name looks at.
func (k *key) attribute(name string) (value string, known bool) {
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
		return "User", true
	case "Origin":
		return k.Origin, true
	case "DKMSInstanceId":
		return "", true
	}
	return "", false
}
