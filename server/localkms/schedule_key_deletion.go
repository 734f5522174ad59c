package localkms

const (
	minWindowDays     = 7
	maxWindowDays     = 366
	defaultWindowDays = 30
)

// scheduleKeyDeletion sets the day on which a CMK and its aliases go for good.
func scheduleKeyDeletion(k *KMS, c *call) (answer, error) {
	days, err := c.integer("PendingWindowInDays", defaultWindowDays, minWindowDays, maxWindowDays)
	if err != nil {
		return nil, err
	}
	return k.alter(c, func(_ *tx, key *key) error {
		// What the service answers for a protected CMK is not published.
		if key.Protected {
			return errStateModification
		}
		key.State = statePendingDeletion
		key.DeleteAt = c.now.Unix() + int64(days)*day
		return nil
	})
}
