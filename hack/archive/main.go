// Command archive packs a directory into a .tar, a .tar.gz or a .zip. The same files give the same archive, bit by bit: names
// are sorted, owners are left out, and everything has the time of $SOURCE_DATE_EPOCH.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string, epoch string) error {
	if len(args) != 2 {
		return errors.New("usage: archive DIRECTORY FILE")
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH=%q: want seconds since 1970", epoch)
	}
	return create(args[1], func(w io.Writer) error {
		packer, err := newPacker(args[1], w, time.Unix(seconds, 0).UTC())
		if err != nil {
			return err
		}
		return errors.Join(pack(args[0], packer), packer.Close())
	})
}

// create writes a file that is there only if it is whole.
func create(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// pack adds each file below a directory, in the order of their names. Directories come with what is in them.
func pack(directory string, to packer) error {
	return filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a directory", path)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return to.add(filepath.ToSlash(name), modeOf(info), content)
	})
}

// modeOf keeps of a file's mode only whether it is a program: the rest depends on the umask of who checked it out.
func modeOf(info fs.FileInfo) fs.FileMode {
	if info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}
