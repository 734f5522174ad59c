package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// selfSigned makes a certificate authority and a certificate of it for the loopback names and the
// given ones, and writes the authority's certificate to the file. Both private keys stay in memory.
// The authority's is dropped, so a client that trusts the file trusts this run of the program only.
func selfSigned(file string, names []string) (tls.Certificate, error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate authority: %v", err)
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate: %v", err)
	}
	begin := time.Now().Add(-time.Hour) // clients' clocks may be behind
	authority := &x509.Certificate{
		SerialNumber: serial(), NotBefore: begin, NotAfter: begin.AddDate(0, 1, 0),
		Subject: pkix.Name{CommonName: "Keyferry local KMS, for tests only"},
		IsCA:    true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate authority: %v", err)
	}
	server := &x509.Certificate{
		SerialNumber: serial(), NotBefore: begin, NotAfter: authority.NotAfter,
		Subject:     pkix.Name{CommonName: "Keyferry local KMS"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range append([]string{"localhost", "127.0.0.1", "::1"}, names...) {
		if ip := net.ParseIP(name); ip != nil {
			server.IPAddresses = append(server.IPAddresses, ip)
		} else if name != "" {
			server.DNSNames = append(server.DNSNames, name)
		}
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, authority, serverKey.Public(), authorityKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate: %v", err)
	}
	written := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER})
	if err := writeFile(file, written); err != nil {
		return tls.Certificate{}, fmt.Errorf("writing the certificate authority: %v", err)
	}
	return tls.Certificate{Certificate: [][]byte{serverDER, authorityDER}, PrivateKey: serverKey}, nil
}

func serial() *big.Int {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return number
}
