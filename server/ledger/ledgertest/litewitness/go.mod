// The witness that the tests run, kept apart because the program does not need what it needs.
module witness

go 1.26.0

require (
	filippo.io/torchwood v0.6.1
	golang.org/x/crypto v0.59.0
	golang.org/x/mod v0.43.0
	golang.org/x/net v0.62.0
	modernc.org/libc v1.80.1
	modernc.org/sqlite v1.62.0
	zombiezen.com/go/sqlite v1.4.2
)
