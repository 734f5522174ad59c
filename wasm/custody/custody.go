// Package custody looks after key material before and after it is wrapped: where
// it comes from, whether it is fit to be a key, how to know it again, and what is
// written down about its import.
//
// The parts are
//
//   - sources: [Recognise] and [Decode] for a file of the person's own, and
//     [Components] for the parts that a hardware security module printed;
//   - the gate against weak keys: [Examine];
//   - fingerprints: [KCV] and [Commitment], and [Compare] with those of a receipt.
//
// Encrypted backups are in the package backup below this one, so that a module
// without them does not carry age. Formats that outlive a version of this program
// are described in README.md.
//
// The package builds natively and for js/wasm. It does no input or output and logs
// nothing. Key material is passed by pointer, no string is ever made of it, and
// whoever owns a [keywrap.Material] clears it. Where a function leaves traces that
// it cannot clear, its comment says so. A refusal is a [keywrap.Code].
package custody
