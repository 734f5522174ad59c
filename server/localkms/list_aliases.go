package localkms

type aliasesAnswer struct {
	reply
	paging
	Aliases struct{ Alias []listedAlias }
}

type listedAlias struct {
	KeyId     string
	AliasName string
	AliasArn  string
}

// listAliases lists the aliases of an account, by name.
func listAliases(k *KMS, c *call) (answer, error) {
	return k.pageOfAliases(c, 0, func(a *account) ([]string, error) { return a.names, nil })
}

// listAliasesByKeyID lists the aliases of one CMK, by name.
func listAliasesByKeyID(k *KMS, c *call) (answer, error) {
	return k.pageOfAliases(c, 1, func(a *account) ([]string, error) {
		key, err := k.find(a, c, c.get("KeyId"))
		if err != nil {
			return nil, err
		}
		return a.aliasesOf(key.ID), nil
	})
}

func (k *KMS) pageOfAliases(c *call, smallest int, list func(*account) ([]string, error)) (answer, error) {
	page, err := c.page(smallest)
	if err != nil {
		return nil, err
	}
	result := &aliasesAnswer{}
	result.Aliases.Alias = []listedAlias{}
	err = k.store.read(c.account, c.now, func(a *account) error {
		names, err := list(a)
		if err != nil {
			return err
		}
		from, to := page.of(len(names))
		for _, name := range names[from:to] {
			result.Aliases.Alias = append(result.Aliases.Alias, listedAlias{a.aliases[name], name, k.arn(c.account, name)})
		}
		return nil
	})
	result.paging = page
	return result, err
}
