// Package certs serves the webhook's TLS in clusters without cert-manager: one CA in a Secret that all replicas share, a
// serving certificate of each replica's own in memory, and the CA bundle in the webhook configuration, rotated without a
// restart and without a failed request.
package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	// backdated is how long before it is made a CA is valid, for API servers whose clock is behind.
	backdated = time.Hour

	// servingValidity is far beyond the age at which a serving certificate is replaced, which is when its CA is.
	servingValidity = 365 * 24 * time.Hour
)

// newAuthority makes a CA, as the PEM of its certificate and key.
func newAuthority(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the key of a CA: %w", err)
	}
	name := fmt.Sprintf("bluegreen-webhook-ca@%d", now.Unix())
	authority, err := cert.NewSelfSignedCACert(cert.Config{CommonName: name, NotBefore: now.Add(-backdated)}, key)
	if err != nil {
		return nil, fmt.Errorf("signing a CA: %w", err)
	}
	certPEM, err := cert.EncodeCertificates(authority)
	if err != nil {
		return nil, fmt.Errorf("encoding a CA: %w", err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key of a CA: %w", err)
	}
	return slices.Concat(certPEM, keyPEM), nil
}

// newServing makes a serving certificate, signed by a CA.
func newServing(authority tls.Certificate, dnsNames []string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the serving key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: dnsNames[0]},
		DNSNames:     dnsNames,
		NotBefore:    authority.Leaf.NotBefore,
		NotAfter:     now.Add(servingValidity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey.(crypto.Signer))
	if err != nil {
		return nil, fmt.Errorf("signing the serving certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(signed)
	if err != nil {
		return nil, fmt.Errorf("reading the serving certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key, Leaf: leaf}, nil
}

// madeAt returns when a CA was made.
func madeAt(authority tls.Certificate) time.Time { return authority.Leaf.NotBefore.Add(backdated) }
