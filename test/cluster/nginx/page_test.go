package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(server http.Handler, path string) *httptest.ResponseRecorder {
	response := httptest.NewRecorder()
	server.ServeHTTP(response, httptest.NewRequest("GET", path, nil))
	return response
}

// assetsOn returns the assets that the page of a server names.
func assetsOn(t *testing.T, server http.Handler) []string {
	t.Helper()
	page := get(server, "/page?wait=1ms")
	if page.Code != http.StatusOK || !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("status %d, %v", page.Code, page.Header())
	}
	var paths []string
	for _, match := range regexp.MustCompile(`src="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1) {
		paths = append(paths, match[1])
	}
	if len(paths) != assets {
		t.Fatalf("the page names %d assets:\n%s", len(paths), page.Body)
	}
	return paths
}

func TestAssetsAreThoseOfTheVersionAndOfWhatIsKept(t *testing.T) {
	blue, green := handler("1.10", "pod"), handler("1.11", "pod")
	keeping := handler("1.11", "pod", "1.10")
	for name, test := range map[string]struct {
		page, server http.Handler
		status       int
	}{
		"its own":                    {blue, blue, http.StatusOK},
		"of the version before":      {blue, green, http.StatusNotFound},
		"of the next version":        {green, blue, http.StatusNotFound},
		"of a version that is kept":  {blue, keeping, http.StatusOK},
		"its own, where one is kept": {keeping, keeping, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range assetsOn(t, test.page) {
				if response := get(test.server, path); response.Code != test.status || !strings.HasSuffix(path, ".js?wait=1ms") {
					t.Errorf("%s: status %d, want %d", path, response.Code, test.status)
				}
			}
		})
	}
}

// TestAVersionOfAnAssetIsInItsText looks at what a browser would run: the version that the page is of, whoever serves it.
func TestAVersionOfAnAssetIsInItsText(t *testing.T) {
	keeping := handler("1.11", "pod", "1.10")
	response := get(keeping, assetsOn(t, handler("1.10", "pod"))[0])
	if body := response.Body.String(); !strings.Contains(body, `"1.10"`) || response.Header().Get("Server") != "nginx/1.11" {
		t.Errorf("%s answers %s", response.Header().Get("Server"), body)
	}
}
