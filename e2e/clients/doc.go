// Package clients holds the tests that show the local KMS to clients that
// others wrote: the vendor's SDKs for Go and for Node.js, and OpenSSL. Each
// goes through a whole import, and the local KMS is the oracle of what arrived.
package clients
