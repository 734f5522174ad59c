package backup

import (
	"time"

	"golang.org/x/crypto/scrypt"
)

// The work factors of a passphrase: scrypt with N = 2^factor, r = 8 and p = 1, which
// takes 2^(factor+10) bytes of memory.
//
// MaxWorkFactor needs 1 GiB. 21 would need half of all that a browser's WebAssembly
// can address, and 22 all of it: the module would not fail but crash.
const (
	MinWorkFactor = 15
	MaxWorkFactor = 20
)

// maxChosen is the highest factor that is chosen unasked. It is the one that the age
// command always takes, and needs 256 MiB.
const maxChosen = 18

// ChooseWorkFactor measures scrypt on this machine, which takes about a tenth of a
// second, and returns the work factor that takes about a second, from MinWorkFactor
// to 18.
func ChooseWorkFactor() (int, error) {
	begin := time.Now()
	if _, err := scrypt.Key([]byte("how long"), []byte("does it take"), 1<<measured, 8, 1, 32); err != nil {
		return 0, CodeMaking
	}
	return workFactorFor(time.Since(begin)), nil
}

// measured is the factor that is measured.
const measured = 14

// workFactorFor returns the factor for the time that the measured one took. A step
// doubles the time; the one that comes nearest to a second, in proportion, is taken.
func workFactorFor(taken time.Duration) int {
	factor := measured
	for factor < maxChosen && taken*10 < 7*time.Second {
		taken *= 2
		factor++
	}
	return max(factor, MinWorkFactor)
}
