package main

import (
	"keyferry/server/kms"
)

// ramPolicyCommand prints the least RAM policy.
type ramPolicyCommand struct {
	Region  string   `required:"" help:"Region of the CMKs, such as cn-hangzhou."`
	Account string   `required:"" help:"Id of the Alibaba Cloud account that owns them, 16 digits."`
	Key     []string `required:"" sep:"," help:"Id of a CMK. May be given several times; * means every CMK of the region, also later ones."`
}

// Help is the long form of the help.
func (*ramPolicyCommand) Help() string {
	return "Prints the policy that the RAM user or role of the console needs: GetParametersForImport and ImportKeyMaterial " +
		"for these CMKs, and nothing else. In the RAM console, create a custom policy of it and attach it to the role, or " +
		"with the command line:\n\n" +
		"  aliyun ram CreatePolicy --PolicyName keyferry --PolicyDocument \"$(keyferry ram-policy …)\""
}

// Run prints.
func (r *ramPolicyCommand) Run(t terminal) error {
	policy, err := kms.RAMPolicy(r.Region, r.Account, r.Key)
	if err != nil {
		return err
	}
	t.say("%s", policy)
	return nil
}
