// Package e2e holds the tests that use the whole program as a person does: the built binary, a real Chromium, and the
// local KMS as the oracle of what arrived.
package e2e
