package localkms

import (
	"regexp"
	"strings"
)

const maxAliases = 300 // by the published quota

var aliasPattern = regexp.MustCompile(`^alias/[A-Za-z0-9_/-]{1,255}$`)

// validAlias reports whether a name may be given to an alias. Those of the
// vendor's own services are not for users.
func validAlias(name string) bool {
	return aliasPattern.MatchString(name) && !strings.HasPrefix(name, "alias/acs")
}

// createAlias gives a CMK another name.
func createAlias(k *KMS, c *call) (answer, error) {
	name := c.get("AliasName")
	if !validAlias(name) {
		return nil, invalid("AliasName")
	}
	return k.alter(c, func(t *tx, key *key) error {
		if _, exists := t.aliases[name]; exists {
			return errAliasExists
		}
		if k.quotas.on && len(t.aliases) >= maxAliases {
			return errLimitExceeded
		}
		t.setAlias(name, key.ID)
		return nil
	})
}
