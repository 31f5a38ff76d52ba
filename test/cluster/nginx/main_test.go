package main

import (
	"net/http/httptest"
	"testing"
)

func TestHandlerTellsVersionAndPod(t *testing.T) {
	response := httptest.NewRecorder()
	handler("1.10", "nginx-1.10-abcde").ServeHTTP(response, httptest.NewRequest("GET", "/any/path", nil))
	if response.Code != 200 || response.Header().Get("Server") != "nginx/1.10" {
		t.Errorf("status %d, Server %q", response.Code, response.Header().Get("Server"))
	}
	if got, want := response.Body.String(), "nginx/1.10 nginx-1.10-abcde\n"; got != want {
		t.Errorf("body %q, want %q", got, want)
	}
}
