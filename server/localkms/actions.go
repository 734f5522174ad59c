package localkms

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// actions are all actions that this KMS has; others answer InvalidApi.NotFound.
var actions = map[string]*action{
	"CreateKey":             {handle: createKey, class: classCreateKey},
	"DescribeKey":           {handle: describeKey, required: []string{"KeyId"}, class: classRead, states: anyState, aliases: true},
	"ListKeys":              {handle: listKeys, class: classRead},
	"UpdateKeyDescription":  {handle: updateKeyDescription, required: []string{"KeyId"}, class: classWrite, states: noteNotDeletion},
	"EnableKey":             {handle: enableKey, required: []string{"KeyId"}, class: classWrite, states: enabledOrNot},
	"DisableKey":            {handle: disableKey, required: []string{"KeyId"}, class: classWrite, states: enabledOrNot},
	"ScheduleKeyDeletion":   {handle: scheduleKeyDeletion, required: []string{"KeyId"}, class: classWrite, states: notInDeletion},
	"CancelKeyDeletion":     {handle: cancelKeyDeletion, required: []string{"KeyId"}, class: classWrite, states: onlyInDeletion},
	"SetDeletionProtection": {handle: setDeletionProtection, required: []string{"EnableDeletionProtection"}, class: classWrite, states: noteNotDeletion},
	"DescribeRegions":       {handle: describeRegions, class: classRead},

	"UpdateRotationPolicy": {handle: updateRotationPolicy, required: []string{"KeyId", "EnableAutomaticRotation"}, class: classWrite, states: onlyEnabled},
	"ListKeyVersions":      {handle: listKeyVersions, required: []string{"KeyId"}, class: classRead, states: anyState},
	"DescribeKeyVersion":   {handle: describeKeyVersion, required: []string{"KeyId", "KeyVersionId"}, class: classRead, states: anyState},

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

// check reports what makes an AccessKey unusable.
func (a AccessKey) check() error {
	switch {
	case a.ID == "":
		return errors.New("an AccessKey has no id")
	case a.Secret == "":
		return fmt.Errorf("AccessKey %q has no secret", a.ID)
	case a.SecurityToken == "" && !a.Expires.IsZero():
		return fmt.Errorf("AccessKey %q expires but has no security token", a.ID)
	}
	if a.Policy != nil {
		if err := a.Policy.check(); err != nil {
			return fmt.Errorf("AccessKey %q: %w", a.ID, err)
		}
	}
	for _, name := range a.Actions {
		if !matchesAction(name) {
			return fmt.Errorf("AccessKey %q allows %q, which matches no action", a.ID, name)
		}
	}
	return nil
}

// matchesAction reports whether a policy's pattern matches some action.
func matchesAction(pattern string) bool {
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

// PutAccessKey adds an AccessKey, or replaces the one with the same id, while the KMS runs.
func (k *KMS) PutAccessKey(key AccessKey) error {
	if err := key.check(); err != nil {
		return err
	}
	k.access.put(key)
	return nil
}

// Inject adds a fault.
func (k *KMS) Inject(f Fault) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("injecting fault: %w", err)
	}
	if f.Action != "" && actions[f.Action] == nil {
		return fmt.Errorf("injecting fault: %q is not an action", f.Action)
	}
	if f.Kind == FaultSwappedKey && len(k.config.WrappingKeys) == 1 {
		return errors.New("injecting fault: a swapped wrapping key needs two in Config.WrappingKeys")
	}
	k.faults.add(f)
	return nil
}

// ClearFaults removes all faults.
func (k *KMS) ClearFaults() { k.faults.clear() }

// Faults returns the faults that are left, oldest first.
func (k *KMS) Faults() []Fault { return k.faults.list() }
