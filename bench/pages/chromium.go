package pages

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromium is a browser, without a window.
type chromium struct {
	ctx context.Context
	end func()
}

// startChromium starts Debian's Chromium, which looks for nothing but what it is told to.
func startChromium(ctx context.Context) (*chromium, error) {
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.NoSandbox, // It runs as root, which the sandbox refuses.
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		// Without it, each page gets a process of its own, which takes longer to start than the page to load.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,BackForwardCache"),
		// The pods' certificates are of their own making.
		chromedp.Flag("ignore-certificate-errors", true))
	ctx, endProcess := chromedp.NewExecAllocator(ctx, options...)
	ctx, endBrowser := chromedp.NewContext(ctx)
	b := &chromium{ctx: ctx, end: func() { endBrowser(); endProcess() }}
	if err := chromedp.Do(ctx); err != nil {
		b.end()
		return nil, fmt.Errorf("starting Chromium (make bench-pages installs it): %w", err)
	}
	return b, nil
}

// tab is one in a profile of its own, which shares no connection with another.
type tab struct {
	url, protocol string
	ctx           context.Context
	end           func()

	mu    sync.Mutex
	parts map[network.RequestID]part
}

// open opens a tab for a page, that is to come over a protocol.
func (b *chromium) open(origin, protocol string) (*tab, error) {
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t := &tab{url: origin + pagePath, protocol: protocol, ctx: ctx, end: end}
	uncached := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
		return err
	})
	if err := chromedp.Do(ctx, uncached); err != nil {
		end()
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	if err := chromedp.Listen(ctx, t.see); err != nil {
		end()
		return nil, fmt.Errorf("listening to a tab: %w", err)
	}
	return t, nil
}

func (t *tab) close() { t.end() }

// see notes what became of each request.
func (t *tab) see(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *network.EventResponseReceived:
		t.parts[e.RequestID] = t.answer(e.Response)
	case *network.EventLoadingFailed:
		failed := t.parts[e.RequestID]
		if failed.status == http.StatusNotFound {
			return // The text of a 404 is no script, so that fails too.
		}
		failed.err = errors.New(e.ErrorText)
		t.parts[e.RequestID] = failed
	}
}

func (t *tab) answer(r *network.Response) part {
	server := ""
	for name, value := range r.Headers {
		if strings.EqualFold(name, "Server") {
			server = fmt.Sprint(value)
		}
	}
	p := answered(server, fmt.Sprint(r.ConnectionID), int(r.Status))
	if r.Protocol != t.protocol {
		p.err = fmt.Errorf("an answer over %s, not %s", r.Protocol, t.protocol)
	}
	return p
}

// load navigates to the page, and returns when the browser has run, or missed, all that it names.
func (t *tab) load() load {
	t.mu.Lock()
	t.parts = map[network.RequestID]part{}
	t.mu.Unlock()
	l := load{start: time.Now()}
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(t.url))
	l.end = time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	l.parts = slices.Collect(maps.Values(t.parts))
	if err != nil {
		l.parts = append(l.parts, part{err: err})
	}
	return l
}
