package random

import "math/rand/v2"

// pick returns one of several things.
func pick[T any](dice *rand.Rand, all ...T) T { return all[dice.IntN(len(all))] }

// weighted is something that happens as often as its weight says.
type weighted[T any] struct {
	weight int
	what   T
}

// pickWeighted returns one of several things, by weight.
func pickWeighted[T any](dice *rand.Rand, all []weighted[T]) T {
	sum := 0
	for _, one := range all {
		sum += one.weight
	}
	at := dice.IntN(sum)
	for _, one := range all {
		if at -= one.weight; at < 0 {
			return one.what
		}
	}
	panic("unreachable")
}
