package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// units is over how many Services the writes of webhook are spread.
const units = 200

// webhook measures what the webhook adds to a write: the same writes at the same rate, with the webhook and without it.
func (b *bench) webhook(ctx context.Context) error {
	p, ctx, err := plane.Start(ctx)
	if err != nil {
		return err
	}
	defer p.Stop()
	self := newBluegreen(b.self, deploymentStatus{})
	if err := self.start(ctx, p, units); err != nil {
		return err
	}
	unasked, err := b.unasked(ctx, p, self)
	if err != nil {
		return err
	}
	table := markdown.Table{Head: []string{
		"writes/s asked for", "done without the webhook", "done with it",
		"median without the webhook", "with it", "added",
		"p99 without", "with it", "added",
	}}
	for _, rate := range b.size.rates {
		with, err := b.write(ctx, self, rate)
		if err != nil {
			return err
		}
		if err := self.withWebhook(ctx, false); err != nil {
			return err
		}
		without, err := b.write(ctx, self, rate)
		if err != nil {
			return err
		}
		if err := self.withWebhook(ctx, true); err != nil {
			return err
		}
		row := []string{
			fmt.Sprint(rate),
			fmt.Sprintf("%.0f", float64(len(without))/b.size.rest.Seconds()),
			fmt.Sprintf("%.0f", float64(len(with))/b.size.rest.Seconds()),
		}
		for _, q := range []float64{0.5, 0.99} {
			before, after := report.Quantile(without, q), report.Quantile(with, q)
			row = append(row, report.MS(before), report.MS(after), report.MS(after-before))
		}
		table.Add(row...)
	}
	text := fmt.Sprintf("%s\nCalls of the webhook for %d writes of unmanaged Services, and of labels and status of managed ones: %d.",
		table.String(), 3*units, unasked)
	return b.publish("webhook", text, nil)
}

// unasked writes what the webhook has nothing to say about, and returns how often it was called.
func (b *bench) unasked(ctx context.Context, p *plane.Plane, self *bluegreen) (int, error) {
	if err := createPlain(ctx, p, units); err != nil {
		return 0, err
	}
	before, err := calls(ctx, p)
	if err != nil {
		return 0, err
	}
	if before == 0 {
		return 0, errors.New("no call was counted for the Services that were created: the count says nothing")
	}
	label := []byte(`{"metadata":{"labels":{"team":"web"}},"spec":{"publishNotReadyAddresses":true}}`)
	status := []byte(`{"status":{"conditions":[{"type":"Checked","status":"True","reason":"Checked","message":"",` +
		`"lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`)
	err = each(ctx, units, func(ctx context.Context, i int) error {
		for _, namespace := range []string{plainNamespace, self.namespace} {
			services := p.Clients.CoreV1().Services(namespace)
			if _, err := services.Patch(ctx, nameOf(i), types.MergePatchType, label, metav1.PatchOptions{}); err != nil {
				return err
			}
		}
		_, err := p.Clients.CoreV1().Services(self.namespace).Patch(ctx, nameOf(i), types.MergePatchType, status, metav1.PatchOptions{}, "status")
		return err
	})
	if err != nil {
		return 0, err
	}
	after, err := calls(ctx, p)
	return after - before, err
}

// calls returns how often the API server has called a webhook so far.
func calls(ctx context.Context, p *plane.Plane) (int, error) {
	raw, err := p.Clients.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	total := 0.0
	for _, metric := range families["apiserver_admission_webhook_request_total"].GetMetric() {
		total += metric.GetCounter().GetValue()
	}
	return int(total), nil
}

// write sends writes that are admitted, at a rate, and returns how long each took. They change an annotation that no decision
// hangs on, so that the controller has nothing to do.
func (b *bench) write(ctx context.Context, self *bluegreen, rate int) ([]time.Duration, error) {
	var mu sync.Mutex
	var took []time.Duration
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4 * writers) // When all are busy the rate is not reached.
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for end, i := time.Now().Add(b.size.rest), 0; time.Now().Before(end); i++ {
		<-ticker.C
		group.Go(func() error {
			start := time.Now()
			ready := []string{"minimum", "complete"}[i/units%2]
			if err := self.patchService(ctx, i%units, `{"metadata":{"annotations":{"bluegreen/ready":"`+ready+`"}}}`); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(start))
			return nil
		})
	}
	return took, group.Wait()
}

// withWebhook takes the webhook configuration away, or puts it back.
func (b *bluegreen) withWebhook(ctx context.Context, is bool) error {
	for _, object := range b.shipped.Objects {
		if object.GetKind() != "MutatingWebhookConfiguration" {
			continue
		}
		if !is {
			return b.plane.Admin.Delete(ctx, object.DeepCopy())
		}
		if err := b.shipped.Apply(ctx, object); err != nil {
			return err
		}
	}
	return b.plane.AwaitWebhook(ctx, metav1.NamespaceDefault)
}
