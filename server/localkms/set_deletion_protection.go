package localkms

import (
	"strings"
	"unicode/utf8"
)

// setDeletionProtection guards a CMK against ScheduleKeyDeletion, or lifts the
// guard. It names the CMK by its ARN and by nothing else.
func setDeletionProtection(k *KMS, c *call) (answer, error) {
	const name = "ProtectedResourceArn"
	if !strings.HasPrefix(c.get(name), "acs:kms:") {
		return nil, invalid(name)
	}
	on, err := c.boolean("EnableDeletionProtection")
	if err != nil {
		return nil, err
	}
	note := c.get("DeletionProtectionDescription")
	if utf8.RuneCountInString(note) > maxDescription {
		return nil, invalid("DeletionProtectionDescription")
	}
	return k.alterNamed(c, c.get(name), func(_ *tx, key *key) error {
		key.Protected = on
		key.ProtectionNote = ""
		if on {
			key.ProtectionNote = note
		}
		return nil
	})
}
