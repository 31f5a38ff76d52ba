package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"
)

// check asks a Service for its version, and fails unless that is the wanted one. It is what the Job of a check runs: the variables of its
// environment say which version, and which Service. There is no DNS on the local cluster, so the kubelet's variables tell the address.
func check(environment func(string) string, args ...string) error {
	wanted, service := environment("BLUEGREEN_VERSION"), environment("BLUEGREEN_PREVIEW")
	if len(args) > 0 {
		wanted = args[0]
	}
	if service == "" {
		service = environment("BLUEGREEN_SERVICE")
	}
	name := strings.ToUpper(strings.ReplaceAll(service, "-", "_"))
	got, err := answerOf("http://" + environment(name+"_SERVICE_HOST") + ":" + environment(name+"_SERVICE_PORT"))
	if err != nil {
		return fmt.Errorf("asking Service %s: %w", service, err)
	}
	if !strings.HasPrefix(got, "nginx/"+wanted+" ") {
		return fmt.Errorf("want version %s, and Service %s answers %q", wanted, service, got)
	}
	log.Printf("Service %s answers %q", service, got)
	return nil
}

func answerOf(url string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return strings.TrimSpace(string(body)), err
}
