package certs

import (
	"crypto/tls"
	"slices"
	"time"
)

// dataKey is the key under which the Secret holds a CA: PEM, certificate and key.
func dataKey(made time.Time) string {
	return "ca-" + made.UTC().Format("20060102T150405Z") + ".pem"
}

// decode returns the CAs of a Secret, oldest first. Entries that are not CAs, or whose key does not match, are skipped and
// disappear at the next rotation.
func decode(data map[string][]byte) []tls.Certificate {
	var authorities []tls.Certificate
	for key, pem := range data {
		authority, err := tls.X509KeyPair(pem, pem)
		if err == nil && authority.Leaf.IsCA && key == dataKey(madeAt(authority)) {
			authorities = append(authorities, authority)
		}
	}
	slices.SortFunc(authorities, func(a, b tls.Certificate) int { return madeAt(a).Compare(madeAt(b)) })
	return authorities
}
