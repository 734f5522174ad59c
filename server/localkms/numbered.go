package localkms

import (
	"strconv"

	"keyferry/server/localkms/wire"
)

// maxResources is how many CMKs one call of the newer tag actions names.
const maxResources = 50

// resources returns the CMKs that a call names as ResourceId.1, ResourceId.2 and so on.
func (c *call) resources() ([]string, error) {
	if c.get("ResourceType") != "key" {
		return nil, wire.Invalid("ResourceType")
	}
	ids := c.numbered("ResourceId.", "")
	if len(ids) > maxResources {
		return nil, wire.Invalid("ResourceId")
	}
	return ids, nil
}

// numbered returns the values of parameters whose names are counted from 1.
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
