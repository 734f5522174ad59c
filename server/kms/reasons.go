package kms

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"
)

// explain says in words of ours why a connection failed, since the error's own text may hold a
// proxy's password or the whole request. Hopeless is a failure that another try cannot mend.
func explain(err error) (why string, hopeless bool) {
	var unknownHost *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	var operation *net.OpError
	var timeout net.Error
	var proxy proxyRefused
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &proxy):
		return proxy.reason(), true
	case errors.As(err, &operation) && operation.Op == "proxyconnect":
		why, _ = explain(operation.Err)
		return "the proxy that HTTPS_PROXY names was not reached: " + why, false
	case errors.Is(err, errUnsigned):
		return "the SDK did not sign the request", true
	case errors.As(err, &authority):
		return "its TLS certificate is from an authority that is not trusted", true
	case errors.As(err, &name):
		return "its TLS certificate is for another name", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its TLS certificate has expired or is not valid yet, unless the clock of this computer is wrong", true
	case errors.As(err, &untrusted):
		return "its TLS certificate is not trusted", true
	case errors.As(err, &notTLS):
		return "it does not speak TLS on this port", true
	case errors.As(err, &operation) && operation.Op == "remote error": // a TLS alert
		return "it refused the TLS handshake", true
	case errors.As(err, &unknownHost):
		return "its name does not resolve", false
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", false
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "no route to it", false
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset", false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed before the answer was whole", false
	case errors.As(err, &timeout) && timeout.Timeout():
		return "connecting took too long", false
	default:
		return "connection failed", false
	}
}
