package backup

import "crypto/rand"

// The shape of a generated passphrase: five groups of five characters, as in
// 4k7qz-n0vfx-8mw2e-rj5ta-c9gdh. Each of the 25 encodes five bits, so that there
// are 2^125 of them: nobody finds one by trying, whatever the work factor.
const (
	groups, groupSize = 5, 5
	// letters is the alphabet of Crockford's base32: no i, l, o or u, so that nothing
	// is mistaken for a digit or makes a word.
	letters = "0123456789abcdefghjkmnpqrstvwxyz"
)

// GeneratePassphrase returns a random passphrase of 125 bits. The caller clears it.
func GeneratePassphrase() ([]byte, error) {
	var random [groups * groupSize]byte
	defer clear(random[:])
	if _, err := rand.Read(random[:]); err != nil {
		return nil, CodeRandomSource
	}
	passphrase := make([]byte, 0, groups*(groupSize+1))
	for i, b := range random {
		if i > 0 && i%groupSize == 0 {
			passphrase = append(passphrase, '-')
		}
		passphrase = append(passphrase, letters[b&31]) // 256 is a multiple of 32: no bias
	}
	return passphrase, nil
}
