// Package bench measures what Keyferry promises about size and speed, each figure beside the one
// that it is compared with, in one run on one machine:
//
//	make bench                        about ten minutes, most of them for a ledger of a million entries and for many keys
//	make bench BENCHTIME=1s           a quick look
//	make bench BASE=/path/to/checkout with another checkout's build beside this one
//
// The benchmarks are those of Go's package testing, so that benchstat compares two runs of them. A
// table of all figures follows, which says what goals are missed. A missed goal does not fail the
// run: compare ratios, not absolutes, which depend on the machine and on what else it does.
package bench
