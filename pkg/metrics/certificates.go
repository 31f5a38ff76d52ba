package metrics

import (
	"crypto/x509"

	"github.com/prometheus/client_golang/prometheus"
)

var expiryDesc = prometheus.NewDesc("bluegreen_certificate_expiry_timestamp_seconds",
	"When the certificate with which this process serves the webhook expires, and the CA that signed it.", []string{"certificate"}, nil)

// Certificates tells when the certificates expire that a function returns: that of the webhook, and its CA. One that is not known is nil.
type Certificates func() (serving, authority *x509.Certificate)

var _ prometheus.Collector = Certificates(nil)

// Describe implements prometheus.Collector.
func (Certificates) Describe(descs chan<- *prometheus.Desc) { descs <- expiryDesc }

// Collect implements prometheus.Collector.
func (c Certificates) Collect(metrics chan<- prometheus.Metric) {
	serving, authority := c()
	for name, certificate := range map[string]*x509.Certificate{"serving": serving, "ca": authority} {
		if certificate != nil {
			metrics <- gauge(expiryDesc, float64(certificate.NotAfter.Unix()), name)
		}
	}
}
