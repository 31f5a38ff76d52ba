// Package random writes to a real API server in random order, and judges what bluegreen makes of it.
package random
