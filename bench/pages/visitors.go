package pages

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

// visitor loads the page over and over.
type visitor struct {
	client client
	loads  []load
}

// crowd is all visitors of one kind of client.
type crowd struct{ visitors []*visitor }

// visit has all visitors load the page, one load after the other, until it ends.
type visit struct {
	crowds []crowd
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // Closed at the next load.
}

// start opens the clients of all visitors, and has them begin.
func start(kinds []kind, address string) (*visit, error) {
	ctx, stop := context.WithCancel(context.Background())
	v := &visit{stop: stop, changed: make(chan struct{})}
	for _, kind := range kinds {
		var c crowd
		for range kind.visitors {
			client, err := kind.open(kind.scheme + "://" + address)
			if err != nil {
				v.end()
				return nil, fmt.Errorf("opening %s: %w", kind.name, err)
			}
			c.visitors = append(c.visitors, &visitor{client: client})
		}
		v.crowds = append(v.crowds, c)
	}
	for one := range v.all() {
		v.done.Go(func() { v.work(ctx, one) })
	}
	return v, nil
}

func (v *visit) all() iter.Seq[*visitor] {
	return func(yield func(*visitor) bool) {
		for _, c := range v.crowds {
			for _, one := range c.visitors {
				if !yield(one) {
					return
				}
			}
		}
	}
}

func (v *visit) work(ctx context.Context, one *visitor) {
	for ctx.Err() == nil {
		loaded := one.client.load()
		v.mu.Lock()
		one.loads = append(one.loads, loaded)
		close(v.changed)
		v.changed = make(chan struct{})
		v.mu.Unlock()
	}
}

// end ends the visit after the loads that have begun, closes the clients, and returns what they loaded.
func (v *visit) end() []crowd {
	v.stop()
	v.done.Wait()
	for one := range v.all() {
		one.client.close()
	}
	return v.crowds
}

// awaitWhole waits until what every visitor loaded last is a whole page of a version.
func (v *visit) awaitWhole(ctx context.Context, version string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		without, changed := v.withoutWhole(version)
		if without == "" {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("a visitor has no whole page of version %s, but %s: %w", version, without, ctx.Err())
		}
	}
}

// withoutWhole describes what a visitor loaded last that is no whole page of a version, and returns what is closed at the next load. It
// is empty if there is no such visitor.
func (v *visit) withoutWhole(version string) (description string, changed <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for one := range v.all() {
		if len(one.loads) == 0 {
			return "nothing", v.changed
		}
		if last := one.loads[len(one.loads)-1]; !last.whole(version) {
			return fmt.Sprintf("parts of %v (missing: %t, failure: %v)", last.versions().UnsortedList(), last.missing(), last.failure()), v.changed
		}
	}
	return "", v.changed
}
