package localkms

import (
	"slices"
	"strings"
)

// action is one action of the API.
type action struct {
	handle   func(*KMS, *call) (answer, error)
	required []string
	class    quotaClass
	states   stateRule
	dryRun   bool // takes the DryRun parameter
	aliases  bool // KeyId may be an alias
}

// actions is the API: what it has not, answers InvalidApi.NotFound.
var actions = map[string]*action{
	"CreateKey":             {handle: createKey, class: classCreateKey},
	"DescribeKey":           {handle: describeKey, required: []string{"KeyId"}, class: classRead, states: anyState, aliases: true},
	"ListKeys":              {handle: listKeys, class: classRead},
	"UpdateKeyDescription":  {handle: updateKeyDescription, required: []string{"KeyId"}, class: classWrite, states: noteNotDeletion},
	"EnableKey":             {handle: enableKey, required: []string{"KeyId"}, class: classWrite, states: enabledOrNot},
	"DisableKey":            {handle: disableKey, required: []string{"KeyId"}, class: classWrite, states: enabledOrNot},
	"ScheduleKeyDeletion":   {handle: scheduleKeyDeletion, required: []string{"KeyId"}, class: classWrite, states: notInDeletion},
	"CancelKeyDeletion":     {handle: cancelKeyDeletion, required: []string{"KeyId"}, class: classWrite, states: onlyInDeletion},
	"SetDeletionProtection": {handle: setDeletionProtection, required: []string{"ProtectedResourceArn", "EnableDeletionProtection"}, class: classWrite, states: noteNotDeletion},
	"DescribeRegions":       {handle: describeRegions, class: classRead},

	"CreateAlias":        {handle: createAlias, required: []string{"AliasName", "KeyId"}, class: classWrite, states: notInDeletion},
	"UpdateAlias":        {handle: updateAlias, required: []string{"AliasName", "KeyId"}, class: classWrite, states: noteNotDeletion},
	"DeleteAlias":        {handle: deleteAlias, required: []string{"AliasName"}, class: classWrite},
	"ListAliases":        {handle: listAliases, class: classRead},
	"ListAliasesByKeyId": {handle: listAliasesByKeyID, required: []string{"KeyId"}, class: classRead, states: anyState},

	"TagResource":      {handle: tagResource, required: []string{"Tags"}, class: classWrite, states: noteNotDeletion},
	"UntagResource":    {handle: untagResource, required: []string{"TagKeys"}, class: classWrite, states: noteNotDeletion},
	"ListResourceTags": {handle: listResourceTags, required: []string{"KeyId"}, class: classListTags, states: anyState},
	"TagResources":     {handle: tagResources, required: []string{"ResourceType"}, class: classWrite, states: noteNotDeletion},
	"UntagResources":   {handle: untagResources, required: []string{"ResourceType"}, class: classWrite, states: noteNotDeletion},
	"ListTagResources": {handle: listTagResources, required: []string{"ResourceType"}, class: classListTags, states: anyState},

	"GetParametersForImport": {handle: getParametersForImport, required: []string{"KeyId", "WrappingAlgorithm", "WrappingKeySpec"}, class: classRead, states: anyState},
	"ImportKeyMaterial":      {handle: importKeyMaterial, required: []string{"KeyId", "EncryptedKeyMaterial", "ImportToken"}, class: classWrite, states: notInDeletion},
	"DeleteKeyMaterial":      {handle: deleteKeyMaterial, required: []string{"KeyId"}, class: classWrite, states: anyState},

	"Encrypt":                         {handle: encrypt, required: []string{"KeyId", "Plaintext"}, class: classCrypto, states: onlyEnabled, dryRun: true, aliases: true},
	"Decrypt":                         {handle: decrypt, required: []string{"CiphertextBlob"}, class: classCrypto, states: onlyEnabled, dryRun: true},
	"GenerateDataKey":                 {handle: generateDataKey, required: []string{"KeyId"}, class: classCrypto, states: onlyEnabled, dryRun: true, aliases: true},
	"GenerateDataKeyWithoutPlaintext": {handle: generateDataKeyWithoutPlaintext, required: []string{"KeyId"}, class: classCrypto, states: onlyEnabled, dryRun: true, aliases: true},
}

// knownAction reports whether a policy's pattern matches some action.
func knownAction(pattern string) bool {
	for name := range actions {
		if matchAction(pattern, name) {
			return true
		}
	}
	return false
}

// ActionNames returns the actions that the KMS has, sorted.
func ActionNames() []string {
	names := make([]string, 0, len(actions))
	for name := range actions {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
