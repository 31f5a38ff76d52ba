package main

import (
	"cmp"
	"slices"
	"time"
)

// blink is too short to be seen: of two frames within it, only the second is shown.
const blink = 100 * time.Millisecond

// life is a text for as long as a screen shows it.
type life struct {
	cell
	from, to time.Duration
}

// film returns the texts that frames show until an end, by their places.
func film(frames []frame, end time.Duration) []life {
	var lives []life
	since := map[cell]time.Duration{}
	for i, shown := range frames {
		if i+1 < len(frames) && frames[i+1].at-shown.at < blink {
			continue
		}
		if len(lives)+len(since) == 0 {
			shown.at = 0 // It begins with a picture.
		}
		lives = append(lives, left(since, shown)...)
		for _, text := range shown.cells {
			if _, there := since[text]; !there {
				since[text] = shown.at
			}
		}
	}
	lives = append(lives, left(since, frame{at: end})...)
	slices.SortFunc(lives, func(a, b life) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.column, b.column), cmp.Compare(a.from, b.from))
	})
	return lives
}

// left takes away the texts that a frame does not show any more, and returns their lives.
func left(since map[cell]time.Duration, next frame) []life {
	var gone []life
	for text, from := range since {
		if !slices.Contains(next.cells, text) {
			gone = append(gone, life{cell: text, from: from, to: next.at})
			delete(since, text)
		}
	}
	return gone
}
