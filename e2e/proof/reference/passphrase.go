package reference

import "strings"

// Passphrase is the passphrase that a page offers: 25 characters of Crockford's base32, in groups
// of five.
func Passphrase(random *Stream) string {
	var groups []string
	drawn := random.Take("passphrase", 25)
	for ; len(drawn) > 0; drawn = drawn[5:] {
		group := ""
		for _, b := range drawn[:5] {
			group += string("0123456789abcdefghjkmnpqrstvwxyz"[b%32])
		}
		groups = append(groups, group)
	}
	return strings.Join(groups, "-")
}
