package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const host = "bluegreen-webhook.bluegreen-system.svc"

// secretWithCAs returns the data of a Secret with CAs made at some times.
func secretWithCAs(t *testing.T, times ...time.Time) map[string][]byte {
	t.Helper()
	data := map[string][]byte{}
	for _, at := range times {
		pem, err := newAuthority(at)
		if err != nil {
			t.Fatal(err)
		}
		data[dataKey(at)] = pem
	}
	return data
}

// trusts verifies the certificate that a host serves as the API server does, at a time.
func trusts(bundle []tls.Certificate, served *tls.Certificate, host string, now time.Time) error {
	roots := x509.NewCertPool()
	for _, authority := range bundle {
		roots.AddCert(authority.Leaf)
	}
	leaf, err := x509.ParseCertificate(served.Certificate[0])
	if err != nil {
		return err
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots:       roots,
		DNSName:     host,
		CurrentTime: now,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

func TestAServingCertificateIsTrustedForItsNamesThroughItsCA(t *testing.T) {
	now := time.Now()
	authorities := decode(secretWithCAs(t, now, now.Add(-time.Minute)))
	served, err := newServing(authorities[0], []string{host, host + ".cluster.local"}, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		bundle  []tls.Certificate
		host    string
		at      time.Time
		trusted bool
	}{
		"its CA": {
			bundle:  authorities[:1],
			host:    host,
			at:      now,
			trusted: true,
		},
		"its CA among others": {
			bundle:  authorities,
			host:    host,
			at:      now,
			trusted: true,
		},
		"the long name": {
			bundle:  authorities,
			host:    host + ".cluster.local",
			at:      now,
			trusted: true,
		},
		"an API server whose clock is behind": {
			bundle:  authorities,
			host:    host,
			at:      now.Add(-30 * time.Minute),
			trusted: true,
		},
		"at the end of its life": {
			bundle:  authorities,
			host:    host,
			at:      now.Add(servingValidity - time.Minute),
			trusted: true,
		},
		"after that": {
			bundle:  authorities,
			host:    host,
			at:      now.Add(servingValidity + time.Minute),
			trusted: false,
		},
		"another CA": {
			bundle:  authorities[1:],
			host:    host,
			at:      now,
			trusted: false,
		},
		"no CA": {
			bundle:  nil,
			host:    host,
			at:      now,
			trusted: false,
		},
		"another name": {
			bundle:  authorities,
			host:    "bluegreen-webhook.default.svc",
			at:      now,
			trusted: false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := trusts(test.bundle, served, test.host, test.at); (err == nil) != test.trusted {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestASecretGivesBackItsCAsInOrderAndDropsJunk(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	old, older := now.Add(-time.Hour), now.Add(-2*time.Hour)
	good := secretWithCAs(t, now, old, older)
	data := maps.Clone(good)
	maps.Copy(data, map[string][]byte{
		"ca.crt":                         good[dataKey(now)],                            // Under another's key.
		dataKey(now.Add(time.Second)):    good[dataKey(now)],                            // Likewise.
		dataKey(now.Add(-3 * time.Hour)): []byte("junk"),                                // No PEM.
		dataKey(now.Add(-4 * time.Hour)): good[dataKey(old)][:300],                      // Cut off.
		dataKey(now.Add(-5 * time.Hour)): nil,                                           // Empty.
		dataKey(now.Add(-6 * time.Hour)): servingPEM(t, now.Add(-6*time.Hour)),          // No CA.
		dataKey(now.Add(-7 * time.Hour)): mixed(good[dataKey(now)], good[dataKey(old)]), // A certificate with another's key.
	})

	var got []time.Time
	for _, authority := range decode(data) {
		got = append(got, madeAt(authority))
	}
	want := []time.Time{older.UTC(), old.UTC(), now.UTC()}
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
	if rest := decode(nil); len(rest) > 0 {
		t.Errorf("out of an empty Secret: %v", rest)
	}
}

// servingPEM returns a serving certificate and its key, as old as a CA made at that time.
func servingPEM(t *testing.T, at time.Time) []byte {
	t.Helper()
	served, err := newServing(decode(secretWithCAs(t, at))[0], []string{host}, at)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(served.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := cert.EncodeCertificates(leaf)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keyutil.MarshalPrivateKeyToPEM(served.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(certificate, key)
}

// mixed joins the certificate of one CA with the key of another.
func mixed(certificate, key []byte) []byte {
	certificateOnly, _ := split(certificate)
	_, keyOnly := split(key)
	return slices.Concat(certificateOnly, keyOnly)
}

func split(pem []byte) (certificate, key []byte) {
	end := []byte("-----END CERTIFICATE-----\n")
	at := bytes.Index(pem, end) + len(end)
	return pem[:at], pem[at:]
}
