package api

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/metrics/metricstest"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// metric is a row of the tables in docs/metrics.md.
type metric struct {
	name, kind string
	labels     []string
	leaderOnly bool
}

var (
	metricRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([^|]+) \\| [^|]+ \\| ([^|]+) \\|$")
	quoted    = regexp.MustCompile("`(\\w+)`")
)

// documented returns the metrics of docs/metrics.md by name.
func documented(t *testing.T) map[string]metric {
	t.Helper()
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]metric{}
	for _, cells := range metricRow.FindAllStringSubmatch(string(page), -1) {
		row := metric{name: cells[1], kind: cells[2], leaderOnly: cells[4] == "the leader"}
		for _, label := range quoted.FindAllStringSubmatch(cells[3], -1) {
			row.labels = append(row.labels, label[1])
		}
		slices.Sort(row.labels)
		rows[row.name] = row
	}
	return rows
}

// page is what a process serves.
type page struct {
	text   string
	values map[string]float64
}

// scrape reads the metrics of a process.
func scrape(ctx context.Context, process *installation.Replica, token string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, process.Metrics, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	// The metrics are served with a certificate that the process made for itself.
	insecure := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := insecure.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.500s", response.Status, body)
	}
	return string(body), err
}

// scrapedUntil reads the metrics of a process, which cannot be watched, until they are as asked. It may be ready before it serves them.
func scrapedUntil(t *testing.T, process *installation.Replica, token, what string, is func(map[string]float64) bool) page {
	t.Helper()
	var last page
	var failed error
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		if last.text, failed = scrape(ctx, process, token); failed != nil {
			return false, nil
		}
		last.values = metricstest.Parse(t, last.text)
		return is(last.values), nil
	})
	if err != nil {
		t.Fatalf("%s did not come about: %v, %v\n%s", what, err, failed, last.text)
	}
	return last
}

// scraper returns the token of somebody who may read metrics by the role that the chart brings.
func scraper(t *testing.T) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: suite.Namespace(t), Name: "scraper"}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account.Namespace + "-scraper"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: shipped.Name + "-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
	}
	for _, object := range []client.Object{account, binding} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	// A refusal would be remembered, so this waits until the API server has taken notice of the binding.
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:                  fmt.Sprintf("system:serviceaccount:%s:%s", account.Namespace, account.Name),
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
		}}
		err := admin.Create(ctx, review)
		return review.Status.Allowed, err
	})
	if err != nil {
		t.Fatal(err)
	}
	token := &authenticationv1.TokenRequest{}
	if err := admin.SubResource("token").Create(t.Context(), account, token); err != nil {
		t.Fatal(err)
	}
	return token.Status.Token
}

// busy is a shop where everything happened that metrics tell of: a switch to 1.11, which is deleted while it serves and 1.12 is asked
// for, and a selector that nobody asks for.
func busy(t *testing.T) (namespace string) {
	t.Helper()
	nginx, _, green := protectedPair(t)
	key := client.ObjectKeyFromObject(nginx)
	ask(t, nginx, "1.11")
	until(t, key, "what is waited for is told", message("Deployment nginx-1.11: waiting for MinimumReplicasAvailable"))
	available(t, green, true)
	nginx = until(t, key, "traffic moves", live("1.11"))
	ask(t, nginx, "1.12")
	if err := admin.Patch(t.Context(), get(t, key), selectorPatch("1.10")); err != nil {
		t.Fatal(err)
	}
	if err := admin.Delete(t.Context(), green, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	told(t, nginx.Namespace, "DeletionHeld")
	return nginx.Namespace
}

func TestMetricsTellWhatHappened(t *testing.T) {
	leader := shipped.StartFor(t)
	asked := time.Now()
	ns := busy(t)
	waiting := fmt.Sprintf(`{namespace=%q,phase="Waiting"}`, ns)
	served := scrapedUntil(t, leader, scraper(t), "the Service that waits", func(values map[string]float64) bool {
		return values["bluegreen_services"+waiting] == 1 && values["bluegreen_oldest_wait_timestamp_seconds"+waiting] > 0
	}).values

	since := time.Unix(int64(served["bluegreen_oldest_wait_timestamp_seconds"+waiting]), 0)
	if since.Before(asked.Add(-2*time.Second)) || since.After(time.Now().Add(2*time.Second)) {
		t.Errorf("it waits since %s, and was asked after %s", since, asked)
	}
	if held := served[fmt.Sprintf("bluegreen_deployments_held_from_deletion{namespace=%q}", ns)]; held != 1 {
		t.Errorf("%v Deployments are held from their deletion, want 1", held)
	}
	for _, counter := range []string{
		"bluegreen_switches_total",
		"bluegreen_ask_to_ready_seconds_count",
		`bluegreen_held_writes_total{kind="deletion"}`,
		`bluegreen_held_writes_total{kind="selector"}`,
		`bluegreen_admissions_total{outcome="changed",webhook="/mutate-v1-service"}`,
	} {
		if served[counter] < 1 {
			t.Errorf("%s is %v, want 1 or more", counter, served[counter])
		}
	}
	for name, least := range map[string]time.Duration{"serving": 300 * 24 * time.Hour, "ca": 3000 * 24 * time.Hour} {
		expiry := served[fmt.Sprintf("bluegreen_certificate_expiry_timestamp_seconds{certificate=%q}", name)]
		if left := time.Until(time.Unix(int64(expiry), 0)); left < least {
			t.Errorf("the certificate %s expires in %s", name, left)
		}
	}
}

// TestTheTableOfMetricsIsWhatIsServed compares docs/metrics.md with what a leader and another replica serve.
func TestTheTableOfMetricsIsWhatIsServed(t *testing.T) {
	leader := shipped.StartFor(t)
	ns := busy(t)
	other := shipped.StartFor(t)
	token, rows := scraper(t), documented(t)
	served := scrapedUntil(t, leader, token, "what the leader knows", func(values map[string]float64) bool {
		return values[fmt.Sprintf(`bluegreen_services{namespace=%q,phase="Waiting"}`, ns)] == 1 && values["bluegreen_webhook_reachable"] == 1
	})

	kinds := kindsOf(served)
	for name := range kinds {
		if _, is := rows[name]; !is && strings.HasPrefix(name, "bluegreen_") {
			t.Errorf("%s is served, and not in the table", name)
		}
	}
	idle := scrapedUntil(t, other, token, "a page", func(map[string]float64) bool { return true })
	idleKinds := kindsOf(idle)
	for name, row := range rows {
		if kinds[name] != row.kind {
			t.Errorf("%s: served as %q, and in the table as %q", name, kinds[name], row.kind)
		}
		for labels := range labelsOf(served, name) {
			if labels != strings.Join(row.labels, ",") {
				t.Errorf("%s: served with labels %s, and in the table with %v", name, labels, row.labels)
			}
		}
		_, serves := idleKinds[name]
		ours := strings.HasPrefix(name, "bluegreen_") // Those of libraries begin when there is something to tell.
		if row.leaderOnly && counts(idle, name) || !row.leaderOnly && ours && !serves {
			t.Errorf("%s: of a replica that does not lead: %v", name, seriesOf(idle, name))
		}
	}
}

// kindsOf returns the types of the metrics of a page, by name.
func kindsOf(served page) map[string]string {
	kinds := map[string]string{}
	for line := range strings.Lines(served.text) {
		if words := strings.Fields(line); len(words) == 4 && words[1] == "TYPE" {
			kinds[words[2]] = words[3]
		}
	}
	return kinds
}

var labelName = regexp.MustCompile(`(\w+)="`)

// labelsOf returns the sets of labels that a metric has, each sorted and joined.
func labelsOf(served page, name string) map[string]bool {
	sets := map[string]bool{}
	for series := range seriesOf(served, name) {
		var names []string
		for _, match := range labelName.FindAllStringSubmatch(series, -1) {
			names = append(names, match[1])
		}
		slices.Sort(names)
		sets[strings.Join(names, ",")] = true
	}
	return sets
}

// seriesOf returns the series of a metric, and their values.
func seriesOf(served page, name string) map[string]float64 {
	series := maps.Clone(served.values)
	of := regexp.MustCompile("^" + name + `(_sum|_count)?(\{|$)`)
	maps.DeleteFunc(series, func(key string, _ float64) bool { return !of.MatchString(key) })
	return series
}

// counts reports whether a process serves a metric that is not 0.
func counts(served page, name string) bool {
	for _, value := range seriesOf(served, name) {
		if value != 0 {
			return true
		}
	}
	return false
}
