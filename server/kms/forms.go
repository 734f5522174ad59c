package kms

import "regexp"

// KeyIDs are the two forms of a CMK's id: a UUID, and key- with three letters for the region and up
// to 30 lower-case letters and digits. The ids that the service makes have 18 of them; ids of a
// local KMS may have fewer. Neither form has room for a key: 16 bytes, and less than 22, are below
// the 32 of a key, in whatever encoding. key_reference.js has the same rule, and
// console/testdata/key_ids.json tests both.
var KeyIDs = regexp.MustCompile(`^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|key-[a-z]{3}[a-z0-9]{1,30})$`)

// WrappingAlgorithms are the KMS's ways to wrap key material of 32 bytes.
var WrappingAlgorithms = []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"}
