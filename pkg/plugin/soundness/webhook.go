package soundness

import (
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
)

func configuration(_ Facts, i Installation) []Finding {
	if i.Configuration.Err != nil {
		return []Finding{unknown("whether there is a webhook configuration", i.Configuration.Err)}
	}
	if i.Configuration.Value == nil {
		return []Finding{trouble("There is no MutatingWebhookConfiguration %s, so nobody is told why a selector stays, and no scale-down is "+
			"held: %s", i.Name, restore)}
	}
	wanted := []string{ServicesWebhook}
	if i.Options().Protection {
		wanted = append(wanted, DeploymentsWebhook)
	}
	for _, name := range wanted {
		if _, has := webhookNamed(i.Configuration.Value, name); !has {
			return []Finding{trouble("MutatingWebhookConfiguration %s lacks the webhook %s: %s", i.Name, name, restore)}
		}
	}
	return []Finding{ok("It has the webhooks %s", strings.Join(wanted, " and "))}
}

// webhook says whether the API server asks the webhook, if it is told to.
func webhook(_ Facts, i Installation) []Finding {
	if i.Configuration.Err == nil && i.Configuration.Value == nil {
		return nil // Told already.
	}
	return asked(i.Asked)
}

func asked(read Read[Asked]) []Finding {
	switch {
	case read.Err != nil:
		return []Finding{unknown("whether the API server reaches the webhook", read.Err)}
	case !read.Value.Webhook:
		return []Finding{trouble("The API server did not ask the webhook about the %s. If bluegreen has been running for a minute, usual causes "+
			"are a firewall between the control plane and the nodes, a CNI whose pod addresses the control plane cannot route to, and strict "+
			"mTLS of a service mesh; look for \"failed calling webhook\" in the log of the API server", read.Value.Write)}
	default:
		return []Finding{ok("The API server asked the webhook about the %s", read.Value.Write)}
	}
}

// bundles returns the CA bundles of the webhooks, by name.
func bundles(configuration *admissionv1.MutatingWebhookConfiguration) map[string][]byte {
	found := map[string][]byte{}
	for _, webhook := range configuration.Webhooks {
		found[webhook.Name] = webhook.ClientConfig.CABundle
	}
	return found
}
