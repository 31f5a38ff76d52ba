package certs

import (
	"crypto/x509"
	"path/filepath"

	"k8s.io/client-go/util/cert"
)

// Directory is where somebody else keeps the webhook's certificate, such as cert-manager: tls.crt, and ca.crt of its CA.
type Directory string

// Certificates returns the serving certificate and its CA, as the files have them now; nil if one cannot be read.
func (d Directory) Certificates() (serving, authority *x509.Certificate) {
	return d.first("tls.crt"), d.first("ca.crt")
}

// first returns the first certificate of a file: that of the server comes before those of its chain.
func (d Directory) first(name string) *x509.Certificate {
	certificates, err := cert.CertsFromFile(filepath.Join(string(d), name))
	if err != nil {
		return nil
	}
	return certificates[0]
}
