package main

import (
	"crypto/sha256"
	"fmt"
	"html"
	"net/http"
	"strings"
)

// assets is how many a page has.
const assets = 10

// page is the version whose assets a page names.
type page string

// assetPath is where a version's asset is: as a bundler writes it, with a hash that another version's has not.
func assetPath(version string, number int) string {
	hash := sha256.Sum256([]byte(version))
	return fmt.Sprintf("/assets/app-%x-%d.js", hash[:4], number)
}

// serve answers with a page whose assets are asked for as it was itself: with ?wait=, they take as long.
func (p page) serve(w http.ResponseWriter, r *http.Request) {
	query := ""
	if r.URL.RawQuery != "" {
		query = html.EscapeString("?" + r.URL.RawQuery)
	}
	var b strings.Builder
	// Without an icon of its own, browsers ask for /favicon.ico.
	fmt.Fprintf(&b, "<!doctype html>\n<title>nginx/%s</title>\n<link rel=\"icon\" href=\"data:,\">\n", p)
	for i := range assets {
		fmt.Fprintf(&b, "<script defer src=\"%s%s\"></script>\n", assetPath(string(p), i), query)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, b.String())
}

// assetSet holds the versions of assets, by path.
type assetSet map[string]string

func assetsOf(versions ...string) assetSet {
	set := assetSet{}
	for _, version := range versions {
		for i := range assets {
			set[assetPath(version, i)] = version
		}
	}
	return set
}

// serve answers with an asset, which tells its version in a browser's console, or with 404.
func (s assetSet) serve(w http.ResponseWriter, r *http.Request) {
	version, found := s[r.URL.Path]
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/javascript")
	fmt.Fprintf(w, "console.log(%q, %q)\n", version, r.URL.Path)
}
