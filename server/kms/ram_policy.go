package kms

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"keyferry/server/address"
)

// accountForm fits the id of an Alibaba Cloud account.
var accountForm = regexp.MustCompile(`^[0-9]{16}$`)

// RAMPolicy returns the least policy of Resource Access Management that lets a console import into
// these CMKs: the two calls of this package, and nothing else. A key id "*" means every CMK of the
// region and account, also later ones. The result is JSON as the RAM console takes it.
func RAMPolicy(region, account string, keyIDs []string) ([]byte, error) {
	switch {
	case !address.Region(region):
		return nil, fmt.Errorf("region %q is not one, such as cn-hangzhou", region)
	case !accountForm.MatchString(account):
		return nil, errors.New("the id of an account has 16 digits; the console of Alibaba Cloud shows it under Security Settings")
	case len(keyIDs) == 0:
		return nil, errors.New("no CMK is given")
	}
	type statement struct {
		Effect   string
		Action   []string
		Resource []string
	}
	least := statement{Effect: "Allow", Action: []string{"kms:" + actionParameters, "kms:" + actionImport}}
	for _, id := range keyIDs {
		if id != "*" && !KeyIDs.MatchString(id) {
			return nil, fmt.Errorf("%q is not the id of a CMK, such as key-hzz… or a UUID", id)
		}
		least.Resource = append(least.Resource, "acs:kms:"+region+":"+account+":key/"+id)
	}
	return json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"1", []statement{least}}, "", "  ")
}
