package walks

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// What users do with Services.

// annotate sets annotations; an empty value removes one.
func (w *world) annotate(name string, keysAndValues ...string) {
	w.writeService(name, func(service *corev1.Service) {
		for i := 0; i < len(keysAndValues); i += 2 {
			if keysAndValues[i+1] == "" {
				delete(service.Annotations, keysAndValues[i])
			} else {
				service.Annotations[keysAndValues[i]] = keysAndValues[i+1]
			}
		}
	})
}

// someAsked returns the name of a Service that is asked for versions: mostly web.
func (w *world) someAsked() string {
	if w.services["api"] != nil && w.dice.IntN(4) == 0 {
		return "api"
	}
	return "web"
}

// someService returns the name of any Service: mostly web.
func (w *world) someService() string {
	if w.dice.IntN(2) == 0 {
		return "web"
	}
	return pick(w.dice, serviceNames)
}

func asksForVersion(w *world) { w.annotate(w.someAsked(), targetKey, pick(w.dice, versions)) }

// releases deploys a version, and asks for it once it is ready, or before.
func releases(w *world) {
	name, version := w.someAsked(), pick(w.dice, versions)
	w.deploy(version)
	w.annotate(name, targetKey, version)
}

// deploy makes a version ready, for web and for the follower that has pods of its own.
func (w *world) deploy(version string) {
	made := w.webDeployment(version, int32(1+w.dice.IntN(3)))
	w.applyDeployment(made)
	w.breaks(made.Name, false)
	if w.services["admin"] != nil && w.dice.IntN(8) > 0 {
		w.applyDeployment(adminDeployment(version, 1))
		w.breaks("admin-"+version, false)
	}
}

// undoes asks for what the last switch left.
func undoes(w *world) {
	name := w.someAsked()
	if service := w.services[name]; service != nil {
		if last, found := recordOf(service); found && last.from != "" {
			w.annotate(name, targetKey, last.from)
		}
	}
}

func withdraws(w *world) {
	name := w.someAsked()
	if service := w.services[name]; service != nil && live(service) != "" {
		w.annotate(name, targetKey, live(service))
	}
}

func retries(w *world) {
	w.annotate(w.someAsked(), retryKey, pick(w.dice, []string{"1", "2", "3", ""}))
}

// asksAnew makes ready what web has given up, and asks for it again.
func asksAnew(w *world) {
	web := w.services["web"]
	if web == nil || w.givenUp(web) == "" {
		return
	}
	target := web.Annotations[targetKey]
	w.deploy(target)
	w.annotate("web", retryKey, "again "+web.ResourceVersion, approvedKey, target)
}

// approves mostly approves what is asked for.
func approves(w *world) {
	name := w.someAsked()
	service := w.services[name]
	if service == nil {
		return
	}
	version := service.Annotations[targetKey]
	if w.dice.IntN(6) == 0 {
		version = pick(w.dice, versions)
	}
	w.annotate(name, approvedKey, version)
}

// options are what users set, with values that fit the spans of time.
var options = map[string][]string{
	promotionKey: {"manual", "manual", "auto", ""},
	deadlineKey:  {"10s", "30s", "30s", "5m", ""},
	rollbackKey:  {"11s", "10m", "10m", "10m", ""},
	retireKey:    {"0s", "1m", "10m", ""},
	drainKey:     {"0s", "5s", "2m", ""},
	readyKey:     {"complete", "match-live", "minimum", "", ""},
	protectKey:   {"disabled", "", ""},
	beforeKey:    {"smoke", "smoke", "thorough", ""},
	afterKey:     {"smoke", "smoke", ""},
	labelKey:     {"track", "", "", ""},
}

var optionKeys = slices.Sorted(maps.Keys(options))

func changesOption(w *world) {
	key := pick(w.dice, optionKeys)
	w.annotate(w.someAsked(), key, pick(w.dice, options[key]))
}

func givesBackOrAdopts(w *world) {
	name := w.someService()
	service := w.services[name]
	switch {
	case service == nil:
	case managed(service):
		w.annotate(name, targetKey, "", followsKey, "", previewKey, "")
	case name == "web" || name == "api":
		w.annotate(name, targetKey, pick(w.dice, versions))
	default:
		w.annotate(name, roles[name], "web")
	}
}

// roles are by what the Services that are led name their leader.
var (
	ledNames = []string{"admin", "twin", "peek"}
	roles    = map[string]string{"admin": followsKey, "twin": followsKey, "peek": previewKey}
)

func writesNonsense(w *world) {
	key := pick(w.dice, []string{targetKey, deadlineKey, rollbackKey, readyKey, "bluegreen/promotoin", retireKey, followsKey})
	w.annotate(w.someService(), key, "not a value!")
}

// mends takes away what is nonsense.
func mends(w *world) {
	w.writeService(w.someService(), func(service *corev1.Service) {
		for key, value := range service.Annotations {
			if value == "not a value!" {
				delete(service.Annotations, key)
			}
		}
		if !managed(service) && roles[service.Name] == "" {
			service.Annotations[targetKey] = pick(w.dice, versions)
		}
	})
}

// removesOwn is kubectl replace of a manifest.
func removesOwn(w *world) {
	w.annotate(w.someService(), phaseKey, "", messageKey, "", attemptKey, "", switchKey, "", checksKey, "")
}

// forges writes a record that is as good as bluegreen's, and untrue.
func forges(w *world) {
	before := w.services[w.someAsked()]
	if before == nil || !managed(before) {
		return
	}
	after := before.DeepCopy()
	uid, at := string(before.UID), w.now.UTC().Format("2006-01-02T15:04:05Z")
	switch w.dice.IntN(6) {
	case 0:
		after.Annotations[switchKey] = pick(w.dice, versions) + "/" + live(before) + "/" + at + "/" + uid + "/version/12345678-3"
	case 1:
		after.Annotations[switchKey] = "1/2/" + at + "/" + uid + "/version"
	case 2:
		delete(after.Annotations, switchKey)
	case 3:
		delete(after.Annotations, checksKey)
	case 4:
		after.Annotations[checksKey] = "nginx-check-1/2,web-check-1/2/Maybe"
	default:
		delete(after.Annotations, attemptKey)
	}
	w.count("a record was forged")
	w.storeService(act{by: forger}, before, after)
}

func editsSelector(w *world) {
	w.writeService(w.someService(), func(service *corev1.Service) {
		service.Spec.Selector = onVersion(service, pick(w.dice, versions))
	})
}

func editsElse(w *world) {
	w.annotate(w.someService(), "owner", pick(w.dice, []string{"me", "you", ""}))
}
