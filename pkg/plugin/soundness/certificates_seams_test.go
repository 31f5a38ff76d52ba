package soundness_test

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

// signed is a certificate with its key.
type signed struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// sign makes a CA that is valid until an end or, of a host, a certificate that a CA signs.
func sign(t *testing.T, host string, by *signed, end time.Time) *signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "ca"},
		NotBefore:             end.AddDate(-2, 0, 0),
		NotAfter:              end,
		IsCA:                  by == nil,
		BasicConstraintsValid: true,
	}
	if by == nil {
		by = &signed{template, key}
	} else {
		template.Subject.CommonName, template.DNSNames = host, []string{host}
	}
	made, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	read, err := x509.ParseCertificate(made)
	if err != nil {
		t.Fatal(err)
	}
	return &signed{read, key}
}

// pem returns certificates as a Secret and a webhook configuration hold them.
func pem(t *testing.T, of ...*signed) []byte {
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
