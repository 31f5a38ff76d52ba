package random

import (
	"maps"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
)

// changer adds to a change what somebody wants, given the Service as it is.
type changer func(dice *rand.Rand, s *corev1.Service, add change)

// serviceChanges are what people want of a Service, as often as the weights say.
var serviceChanges = []weighted[changer]{
	{weight: 25, what: ask},
	{weight: 10, what: askInBothPlaces},
	{weight: 4, what: askForTwoVersions},
	{weight: 6, what: withdraw},
	{weight: 8, what: editSelector},
	{weight: 3, what: dropVersionFromSelector},
	{weight: 2, what: emptySelector},
	{weight: 4, what: selectOtherPods},
	{weight: 5, what: giveBack},
	{weight: 3, what: giveBackAndMove},
	{weight: 4, what: giveBackWithEveryOption},
	{weight: 5, what: changeReady},
	{weight: 3, what: changeVersionLabel},
	{weight: 3, what: changeProtection},
	{weight: 6, what: forgeStatus},
	{weight: 3, what: tryAgain},
	{weight: 4, what: changeDeadline},
	{weight: 4, what: changeRetirement},
	{weight: 4, what: changeReturn},
	{weight: 3, what: changePromotion},
	{weight: 6, what: approve},
	{weight: 5, what: changeCheck},
	{weight: 5, what: changeCheckAfter},
	{weight: 6, what: writeNonsense},
	{weight: 5, what: repairAnnotations},
	{weight: 3, what: changeOwner},
}

func ask(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[targetKey] = someVersion(dice)
}

// askInBothPlaces is a manifest with the version in the annotation and in the selector.
func askInBothPlaces(dice *rand.Rand, s *corev1.Service, add change) {
	version := someVersion(dice)
	add.annotations[targetKey], add.selector[selectorKey(s)] = version, version
}

func askForTwoVersions(dice *rand.Rand, s *corev1.Service, add change) {
	add.annotations[targetKey], add.selector[selectorKey(s)] = someVersion(dice), someVersion(dice)
}

// withdraw asks for what is live.
func withdraw(_ *rand.Rand, s *corev1.Service, add change) {
	if live := s.Spec.Selector[selectorKey(s)]; live != "" {
		add.annotations[targetKey] = live
	}
}

func editSelector(dice *rand.Rand, s *corev1.Service, add change) {
	add.selector[selectorKey(s)] = someVersion(dice)
}

func dropVersionFromSelector(_ *rand.Rand, s *corev1.Service, add change) {
	add.selector[selectorKey(s)] = nil
}

func emptySelector(_ *rand.Rand, s *corev1.Service, add change) {
	for key := range s.Spec.Selector {
		add.selector[key] = nil
	}
}

// selectOtherPods selects pods that no gate has looked at.
func selectOtherPods(dice *rand.Rand, _ *corev1.Service, add change) {
	add.selector[pick(dice, "name", "tier")] = pick[any](dice, "other", nil, "web")
}

func giveBack(_ *rand.Rand, _ *corev1.Service, add change) { add.annotations[targetKey] = nil }

// giveBackAndMove gives the Service back and moves its traffic in one write.
func giveBackAndMove(dice *rand.Rand, s *corev1.Service, add change) {
	add.annotations[targetKey], add.selector[selectorKey(s)] = nil, someVersion(dice)
}

func giveBackWithEveryOption(_ *rand.Rand, _ *corev1.Service, add change) {
	for _, key := range []string{targetKey, labelKey, readyKey, protectKey, returnKey, checkKey, afterKey} {
		add.annotations[key] = nil
	}
}

func changeReady(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[readyKey] = pick[any](dice, "minimum", "complete", "match-live", nil)
}

func changeVersionLabel(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[labelKey] = pick[any](dice, "version", otherLabel, nil, nil)
}

func changeProtection(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[protectKey] = pick[any](dice, "enabled", "disabled", nil)
}

// forgeStatus writes what only bluegreen may write.
func forgeStatus(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[phaseKey] = pick[any](dice, "Stable", "Waiting", "haha", nil)
	if dice.IntN(2) == 0 {
		add.annotations[messageKey] = pick[any](dice, "haha", nil)
	}
	if dice.IntN(2) == 0 {
		record := pick(dice, attemptKey, switchKey, checksKey)
		add.annotations[record] = pick[any](dice, "haha", "1/2/2026-11-28T08:00:00Z/uid/version", "2026-11-28T08:00:00Z/uid/ask/Failed",
			"1/2/2026-11-28T08:00:00Z/uid/version/8a2db7be-3", nil)
	}
}

func changeDeadline(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[deadlineKey] = pick[any](dice, "1ms", "1s", "5s", "1h", nil)
}

func changeRetirement(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[retireKey] = pick[any](dice, "0s", "1s", "5s", "1h", nil)
}

func changePromotion(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[promoteKey] = pick[any](dice, "manual", "manual", "auto", nil)
}

// approve mostly approves what is asked for.
func approve(dice *rand.Rand, s *corev1.Service, add change) {
	add.annotations[approvedKey] = pick[any](dice, s.Annotations[targetKey], s.Annotations[targetKey], someVersion(dice), nil)
}

func changeCheck(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[checkKey] = pick[any](dice, smoke, smoke, smoke, "gone", nil)
}

// changeCheckAfter mostly opens the window that a check after the switch needs, too.
func changeCheckAfter(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[afterKey] = pick[any](dice, probe, probe, probe, "gone", nil)
	if dice.IntN(5) > 0 {
		add.annotations[returnKey] = "1h"
	}
}

func changeReturn(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[returnKey] = pick[any](dice, "11s", "1h", "1h", nil)
}

// tryAgain asks for the same version once more.
func tryAgain(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations[retryKey] = pick[any](dice, "1", "2", "", nil)
}

func writeNonsense(dice *rand.Rand, _ *corev1.Service, add change) {
	key := pick(dice, targetKey, readyKey, labelKey, protectKey, deadlineKey, retireKey, returnKey, promoteKey, checkKey, afterKey,
		misspelledKey)
	add.annotations[key] = pick[any](dice, "not a label!", "")
}

func repairAnnotations(dice *rand.Rand, _ *corev1.Service, add change) {
	maps.Copy(add.annotations, map[string]any{
		targetKey:     someVersion(dice),
		readyKey:      nil,
		labelKey:      nil,
		protectKey:    nil,
		deadlineKey:   nil,
		retireKey:     nil,
		returnKey:     nil,
		promoteKey:    nil,
		approvedKey:   nil,
		checkKey:      nil,
		afterKey:      nil,
		misspelledKey: nil,
	})
}

func changeOwner(dice *rand.Rand, _ *corev1.Service, add change) {
	add.annotations["owner"] = pick[any](dice, "me", "you", nil)
}

// someVersion is a version to ask for; a few do not exist.
func someVersion(dice *rand.Rand) string {
	if dice.IntN(15) == 0 {
		return "9"
	}
	return pick(dice, versions...)
}

// selectorKey returns the key under which a Service's selector has the version.
func selectorKey(s *corev1.Service) string {
	key, _ := wanted(s)
	return key
}
