// Package keywrap makes key material and wraps it for Alibaba Cloud KMS.
//
// It covers what the KMS asks of an importer: 32 random bytes, encrypted to
// the RSA-2048 wrapping key that GetParametersForImport returned, by one of the
// three wrapping algorithms that the KMS names. The schemes are those of
// [RFC 8017]; crypto/rsa computes them. Reading the wrapping key is done here,
// strictly, because crypto/x509 would make the browser module half as big again.
//
// The package builds natively and for js/wasm. It does no input or output, holds
// no state, and logs nothing. Whoever owns a [Material] clears it.
//
// [RFC 8017]: https://www.rfc-editor.org/rfc/rfc8017.html
package keywrap
