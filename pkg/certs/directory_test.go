package certs

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/util/cert"
)

func TestADirectoryHasTheCertificatesThatItsFilesHaveNow(t *testing.T) {
	directory := t.TempDir()
	if serving, authority := Directory(directory).Certificates(); serving != nil || authority != nil {
		t.Errorf("of an empty directory: %v, %v", serving, authority)
	}
	for name, host := range map[string]string{"tls.crt": "webhook", "ca.crt": "authority"} {
		chain, _, err := cert.GenerateSelfSignedCertKey(host, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, name), chain, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	serving, authority := Directory(directory).Certificates()
	if serving.VerifyHostname("webhook") != nil || authority.VerifyHostname("authority") != nil {
		t.Errorf("got %v, %v", serving.DNSNames, authority.DNSNames)
	}
}

func TestAKeeperTellsWhichCertificatesItServes(t *testing.T) {
	keeper := &Keeper{}
	if serving, authority := keeper.Certificates(); serving != nil || authority != nil {
		t.Errorf("before there are any: %v, %v", serving, authority)
	}
	made, err := newAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer := decode(map[string][]byte{dataKey(time.Now()): made})[0]
	if err := keeper.serve(signer, time.Now()); err != nil {
		t.Fatal(err)
	}
	serving, authority := keeper.Certificates()
	if err := serving.CheckSignatureFrom(authority); err != nil || !authority.Equal(signer.Leaf) {
		t.Errorf("got %v, signed by %v: %v", serving.Subject, authority.Subject, err)
	}
}
