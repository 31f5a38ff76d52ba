package soundness

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/cert"
)

// soon is how long before its end a certificate should have been renewed, as in the alert of the chart.
const soon = 14 * 24 * time.Hour

// renew says how somebody gets a new certificate.
func (i Installation) renew() string {
	if i.selfManaged() {
		return fmt.Sprintf("bluegreen should have renewed it; to see why not: kubectl logs -n %s deployment/%s. To have it make a new CA: "+
			`kubectl patch secret %s -n %s --type=json -p '[{"op":"remove","path":"/data"}]'`, i.Namespace, i.Name, i.SecretName(), i.Namespace)
	}
	return fmt.Sprintf("cert-manager should have renewed it; to see why not: kubectl describe certificate -n %s. To have it issue another: "+
		"kubectl delete secret %s -n %s", i.Namespace, i.SecretName(), i.Namespace)
}

// bundle says whether API servers have CAs to trust, in each webhook.
func bundle(facts Facts, i Installation) []Finding {
	if i.Configuration.Value == nil {
		return nil // Told already.
	}
	var last time.Time
	found := bundles(i.Configuration.Value)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		authorities, _ := cert.ParseCertsPEM(found[name])
		if len(authorities) == 0 {
			return []Finding{trouble("Webhook %s has no CA to trust (caBundle), so API servers cannot reach it: %s", name, i.publish())}
		}
		end := lastEnd(authorities)
		if !end.After(facts.Now) {
			return []Finding{trouble("Each CA that webhook %s trusts has expired, the last one on %s: %s", name, date(end), i.renew())}
		}
		if last.IsZero() || end.Before(last) {
			last = end
		}
	}
	return []Finding{ok("API servers trust a CA until %s", date(last))}
}

// held says what the Secret holds.
func (i Installation) held() string {
	if i.selfManaged() {
		return "CA"
	}
	return "certificate"
}

// publish says who writes the CA into the webhook configuration.
func (i Installation) publish() string {
	if i.selfManaged() {
		return fmt.Sprintf("bluegreen writes it while it runs; to see why it does not: kubectl logs -n %s deployment/%s", i.Namespace, i.Name)
	}
	return fmt.Sprintf("cert-manager's cainjector writes it; to see why it does not: kubectl describe certificate -n %s, and the log of the "+
		"cainjector", i.Namespace)
}

// certificate says whether what pods serve with is valid, and whether API servers trust it.
func certificate(facts Facts, i Installation) []Finding {
	if i.Secret.Err != nil {
		return []Finding{unknown("the certificate", i.Secret.Err)}
	}
	if i.Secret.Value == nil {
		missing := restore
		if !i.selfManaged() {
			missing = fmt.Sprintf("cert-manager makes it; to see why it does not: kubectl describe certificate -n %s", i.Namespace)
		}
		return []Finding{trouble("There is no Secret %s in namespace %s: %s", i.SecretName(), i.Namespace, missing)}
	}
	read := certificatesIn(i.Secret.Value, i.selfManaged())
	if len(read) == 0 {
		return []Finding{trouble("Secret %s in namespace %s holds no %s: %s", i.SecretName(), i.Namespace, i.held(), i.publish())}
	}
	switch end := lastEnd(read); {
	case !end.After(facts.Now):
		return []Finding{trouble("The %s in Secret %s has expired on %s: %s", i.held(), i.SecretName(), date(end), i.renew())}
	case !end.After(facts.Now.Add(soon)):
		return []Finding{trouble("The %s in Secret %s expires on %s: %s", i.held(), i.SecretName(), date(end), i.renew())}
	case i.Configuration.Value == nil:
		return []Finding{ok("Secret %s holds a %s that is valid until %s", i.SecretName(), i.held(), date(end))}
	default:
		return []Finding{i.trusted(facts, read, end)}
	}
}

// trusted says whether each webhook trusts the certificates: bluegreen's own CAs, or the one that a CA of cert-manager has signed.
func (i Installation) trusted(facts Facts, certificates []*x509.Certificate, end time.Time) Finding {
	found := bundles(i.Configuration.Value)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		authorities, _ := cert.ParseCertsPEM(found[name])
		for _, certificate := range certificates {
			if err := i.verify(certificate, authorities, facts.Now); err != nil {
				return trouble("Webhook %s does not trust the %s in Secret %s (caBundle: %v): %s", name, i.held(), i.SecretName(), err,
					i.publish())
			}
		}
	}
	return ok("Secret %s holds a %s that is valid until %s, and API servers trust it", i.SecretName(), i.held(), date(end))
}

// verify returns an error unless an API server with these CAs trusts a certificate.
func (i Installation) verify(certificate *x509.Certificate, authorities []*x509.Certificate, now time.Time) error {
	if i.selfManaged() {
		if !slices.ContainsFunc(authorities, certificate.Equal) {
			return fmt.Errorf("CA %s is missing", certificate.Subject.CommonName)
		}
		return nil
	}
	roots := x509.NewCertPool()
	for _, authority := range authorities {
		roots.AddCert(authority)
	}
	host := i.Name + "-webhook." + i.Namespace + ".svc"
	_, err := certificate.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: now})
	return err
}

// certificatesIn returns the CAs in bluegreen's own Secret, or the certificate in that of cert-manager.
func certificatesIn(secret *corev1.Secret, selfManaged bool) []*x509.Certificate {
	if !selfManaged {
		chain, _ := cert.ParseCertsPEM(secret.Data[corev1.TLSCertKey])
		return chain[:min(1, len(chain))]
	}
	var found []*x509.Certificate
	for _, key := range slices.Sorted(maps.Keys(secret.Data)) {
		read, _ := cert.ParseCertsPEM(secret.Data[key])
		found = append(found, read...)
	}
	return found
}

func lastEnd(certificates []*x509.Certificate) time.Time {
	var last time.Time
	for _, certificate := range certificates {
		if certificate.NotAfter.After(last) {
			last = certificate.NotAfter
		}
	}
	return last
}

func date(at time.Time) string { return at.UTC().Format(time.DateOnly) }
