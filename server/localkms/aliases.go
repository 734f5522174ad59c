package localkms

import (
	"regexp"
	"strings"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

var aliasPattern = regexp.MustCompile(`^alias/[A-Za-z0-9_/-]{1,255}$`)

// serviceAlias begins the aliases of CMKs that the vendor's services make: clients may use them,
// and may not create, move or delete them.
const serviceAlias = "alias/acs"

// alias reads the AliasName of an action that changes aliases.
func (c *call) alias() (string, error) {
	name := c.get("AliasName")
	if !aliasPattern.MatchString(name) || strings.HasPrefix(name, serviceAlias) {
		return "", wire.Invalid("AliasName")
	}
	return name, nil
}

// createAlias gives a CMK another name.
func createAlias(k *KMS, c *call) (wire.Answer, error) {
	name, err := c.alias()
	if err != nil {
		return nil, err
	}
	return k.alter(c, func(t *store.Tx, key *store.Key) error {
		if _, exists := t.Alias(name); exists {
			return wire.ErrAliasExists
		}
		if k.quotas.on && len(t.Aliases()) >= maxAliases {
			return wire.ErrLimitExceeded
		}
		t.SetAlias(name, key.ID)
		return nil
	})
}

// updateAlias lets an alias name another CMK. Only the state of that one matters.
func updateAlias(k *KMS, c *call) (wire.Answer, error) {
	name, err := c.alias()
	if err != nil {
		return nil, err
	}
	return k.alter(c, func(t *store.Tx, key *store.Key) error {
		if err := k.mayMove(t, c, name); err != nil {
			return err
		}
		t.SetAlias(name, key.ID)
		return nil
	})
}

// deleteAlias removes a name of a CMK, in every state.
func deleteAlias(k *KMS, c *call) (wire.Answer, error) {
	name, err := c.alias()
	if err != nil {
		return nil, err
	}
	err = k.store.Write(c.account, c.now, func(t *store.Tx) error {
		if err := k.mayMove(t, c, name); err != nil {
			return err
		}
		t.SetAlias(name, "")
		return nil
	})
	return &wire.Reply{}, err
}

// mayMove checks that an alias exists and that the AccessKey may use the CMK that it names.
func (k *KMS) mayMove(t *store.Tx, c *call, name string) error {
	id, exists := t.Alias(name)
	if !exists {
		return wire.ErrAliasNotFound
	}
	_, err := k.permitted(t.Account, c, id)
	return err
}

type aliasesAnswer struct {
	wire.Reply
	paging
	Aliases struct{ Alias []listedAlias }
}

type listedAlias struct {
	KeyId     string
	AliasName string
	AliasArn  string
}

// listAliases lists the aliases of an account, by name.
func listAliases(k *KMS, c *call) (wire.Answer, error) {
	return k.pageOfAliases(c, 0, func(a *store.Account) ([]string, error) { return a.Aliases(), nil })
}

// listAliasesByKeyID lists the aliases of one CMK, by name.
func listAliasesByKeyID(k *KMS, c *call) (wire.Answer, error) {
	return k.pageOfAliases(c, 1, func(a *store.Account) ([]string, error) {
		key, err := k.find(a, c, c.get("KeyId"))
		if err != nil {
			return nil, err
		}
		return a.AliasesOf(key.ID), nil
	})
}

func (k *KMS) pageOfAliases(c *call, smallest int, list func(*store.Account) ([]string, error)) (wire.Answer, error) {
	page, err := c.page(smallest)
	if err != nil {
		return nil, err
	}
	result := &aliasesAnswer{}
	result.Aliases.Alias = []listedAlias{}
	err = k.store.Read(c.account, c.now, func(a *store.Account) error {
		names, err := list(a)
		if err != nil {
			return err
		}
		from, to := page.of(len(names))
		for _, name := range names[from:to] {
			id, _ := a.Alias(name)
			result.Aliases.Alias = append(result.Aliases.Alias, listedAlias{id, name, k.arn(c.account, name)})
		}
		return nil
	})
	result.paging = page
	return result, err
}
