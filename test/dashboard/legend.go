package dashboard

import "strings"

// legend returns which lines each row of a legend names.
func legend(lines []series, width float64) [][]series {
	var rows [][]series
	used := width
	for _, s := range lines {
		if used+s.width() > width {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], s)
		used += s.width() + margin
	}
	return rows
}

// width is how wide the series is in a legend, in the widest of the fonts.
func (s series) width() float64 {
	width := 15.0
	for _, letter := range s.name {
		switch {
		case strings.ContainsRune("fijlrt :-/", letter):
			width += 4.2
		case strings.ContainsRune("mwMW%", letter):
			width += 10.5
		default:
			width += 7
		}
	}
	return width
}

// legend names lines, from left to right.
func (c *canvas) legend(at point, lines []series) {
	for _, s := range lines {
		c.add(`<rect x="%.1f" y="%.1f" width="10" height="3" rx="1.5" %s/>`, at.x, at.y-5, paint("fill", s.colour))
		c.text(point{at.x + 15, at.y}, "start", "faint", s.name)
		at.x += s.width() + margin
	}
}
