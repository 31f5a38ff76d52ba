package main

import (
	"net"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckComparesTheVersionOfAService(t *testing.T) {
	server := httptest.NewServer(handler("1.11", "pod"))
	defer server.Close()
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	environment := func(version, preview string) func(string) string {
		values := map[string]string{
			"BLUEGREEN_VERSION": version, "BLUEGREEN_SERVICE": "nginx", "BLUEGREEN_PREVIEW": preview,
			"NGINX_SERVICE_HOST": host, "NGINX_SERVICE_PORT": port,
			"NGINX_PREVIEW_SERVICE_HOST": host, "NGINX_PREVIEW_SERVICE_PORT": port,
		}
		return func(key string) string { return values[key] }
	}
	for name, test := range map[string]struct {
		environment func(string) string
		args        []string
		problem     string
	}{
		"the Service":          {environment: environment("1.11", "")},
		"the preview":          {environment: environment("1.11", "nginx-preview")},
		"another version":      {environment("1.1", ""), nil, `want version 1.1, and Service nginx answers "nginx/1.11 pod"`},
		"another one by hand":  {environment("1.11", "nginx-preview"), []string{"9.9"}, "want version 9.9, and Service nginx-preview answers"},
		"a Service without IP": {environment("1.11", "gone"), nil, "asking Service gone: "},
	} {
		err := check(test.environment, test.args...)
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
