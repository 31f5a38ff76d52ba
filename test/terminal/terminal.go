// Package terminal opens terminals without a screen, for programs that draw on one.
package terminal

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Open returns both ends of a terminal of a size: what a program prints to the second one is read from the first, and what is typed
// into the first is read from the second.
func Open(columns, rows uint16) (screen, program *os.File, err error) {
	screen, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	descriptor := int(screen.Fd())
	number, err := unix.IoctlGetInt(descriptor, unix.TIOCGPTN)
	err = errors.Join(err, unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0),
		unix.IoctlSetWinsize(descriptor, unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}))
	if err == nil {
		program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, screen.Close())
	}
	return screen, program, nil
}
