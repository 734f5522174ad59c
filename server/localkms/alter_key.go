package localkms

import (
	"strings"
	"unicode/utf8"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

const (
	minWindowDays     = 7
	maxWindowDays     = 366
	defaultWindowDays = 30
)

// enableKey makes a disabled CMK usable again.
func enableKey(k *KMS, c *call) (wire.Answer, error) {
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		key.State = store.Enabled
		return nil
	})
}

// disableKey makes a CMK unusable for cryptography until it is enabled again.
func disableKey(k *KMS, c *call) (wire.Answer, error) {
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		key.State = store.Disabled
		return nil
	})
}

// scheduleKeyDeletion sets the day on which a CMK and its aliases are deleted for good.
func scheduleKeyDeletion(k *KMS, c *call) (wire.Answer, error) {
	days, err := c.integer("PendingWindowInDays", defaultWindowDays, minWindowDays, maxWindowDays)
	if err != nil {
		return nil, err
	}
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		// What the service answers for a protected CMK is not published.
		if key.Protected {
			return wire.ErrStateModification
		}
		key.State = store.PendingDeletion
		key.DeleteAt = c.now.Unix() + int64(days)*day
		return nil
	})
}

// cancelKeyDeletion keeps a CMK. It is Enabled afterwards, or in PendingImport if it has no
// material: it could not be used without.
func cancelKeyDeletion(k *KMS, c *call) (wire.Answer, error) {
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		key.State = store.Enabled
		if key.Material == nil {
			key.State = store.PendingImport
		}
		key.DeleteAt = 0
		return nil
	})
}

// updateKeyDescription describes a CMK anew. The description may be empty, so the parameter has
// to be there but may have no value.
func updateKeyDescription(k *KMS, c *call) (wire.Answer, error) {
	text, sent := c.params["Description"]
	if !sent {
		return nil, wire.Missing("Description")
	}
	if utf8.RuneCountInString(text) > maxDescription {
		return nil, wire.Invalid("Description")
	}
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		key.Description = text
		return nil
	})
}

// setDeletionProtection guards a CMK against ScheduleKeyDeletion, or lifts the guard.
func setDeletionProtection(k *KMS, c *call) (wire.Answer, error) {
	name, err := k.protected(c)
	if err != nil {
		return nil, err
	}
	on, err := c.boolean("EnableDeletionProtection")
	if err != nil {
		return nil, err
	}
	note := c.get("DeletionProtectionDescription")
	if utf8.RuneCountInString(note) > maxDescription {
		return nil, wire.Invalid("DeletionProtectionDescription")
	}
	return k.alterNamed(c, name, func(_ *store.Tx, key *store.Key) error {
		key.Protected = on
		key.ProtectionNote = ""
		if on {
			key.ProtectionNote = note
		}
		return nil
	})
}

// protected returns the CMK that SetDeletionProtection names: by its ARN in ProtectedResourceArn,
// or by KeyId, which Terraform sends. Both must name the same.
func (k *KMS) protected(c *call) (string, error) {
	const parameter = "ProtectedResourceArn"
	arn, id := c.get(parameter), c.get("KeyId")
	switch {
	case arn == "" && id == "":
		return "", wire.Missing(parameter)
	case arn == "":
		return id, nil
	case !strings.HasPrefix(arn, "acs:kms:"):
		return "", wire.Invalid(parameter)
	case id != "" && id != arn && k.arn(c.account, "key/"+id) != arn:
		return "", wire.Invalid("KeyId")
	}
	return arn, nil
}
