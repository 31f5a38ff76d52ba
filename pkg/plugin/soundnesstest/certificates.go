// Package soundnesstest makes the certificates of installations for the tests of kubectl bluegreen check.
package soundnesstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"k8s.io/client-go/util/cert"
)

// Signed is a certificate, and its key.
type Signed struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// CA makes one that is valid until an end.
func CA(t testing.TB, end time.Time) *Signed {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, NotAfter: end, IsCA: true, BasicConstraintsValid: true}
	return sign(t, template, nil)
}

// Serving makes the certificate of a host, signed by a CA and valid until an end.
func Serving(t testing.TB, host string, by *Signed, end time.Time) *Signed {
	t.Helper()
	return sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotAfter: end}, by)
}

// sign makes a certificate, signed by another or, if that is nil, by itself.
func sign(t testing.TB, template *x509.Certificate, by *Signed) *Signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotBefore = big.NewInt(time.Now().UnixNano()), template.NotAfter.AddDate(-2, 0, 0)
	if by == nil {
		by = &Signed{template, key}
	}
	made, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	read, err := x509.ParseCertificate(made)
	if err != nil {
		t.Fatal(err)
	}
	return &Signed{read, key}
}

// PEM returns certificates as a Secret and a webhook configuration hold them.
func PEM(t testing.TB, of ...*Signed) []byte {
	t.Helper()
	var certificates []*x509.Certificate
	for _, one := range of {
		certificates = append(certificates, one.certificate)
	}
	text, err := cert.EncodeCertificates(certificates...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
