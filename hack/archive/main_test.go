package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// epoch is 2026-11-28T08:00:00Z.
const epoch = "1795852800"

var packed = []string{
	"LICENSE -rw-r--r-- 2026-11-28T08:00:00Z free",
	"bin/program -rwxr-xr-x 2026-11-28T08:00:00Z run",
}

func TestArchives(t *testing.T) {
	for name, list := range map[string]func(*testing.T, []byte) []string{
		"plain.tar":  listTar,
		"small.zip":  listZip,
		"gz.tar.gz":  listTarGz,
		"1.2.tar.gz": listTarGz,
	} {
		t.Run(name, func(t *testing.T) {
			archive := archiveOf(t, name, 0o644, 0o755, time.Now())
			if got := list(t, archive); !slices.Equal(got, packed) {
				t.Errorf("holds %q, want %q", got, packed)
			}
			if !bytes.Equal(archive, archiveOf(t, name, 0o600, 0o700, time.Now().Add(-time.Hour))) {
				t.Error("depends on the time of the files or on the umask")
			}
		})
	}
}

// archiveOf packs two files of these modes and this time, and returns the archive.
func archiveOf(t *testing.T, name string, file, program os.FileMode, modified time.Time) []byte {
	t.Helper()
	directory := t.TempDir()
	output := filepath.Join(t.TempDir(), name)
	err := errors.Join(
		os.Mkdir(filepath.Join(directory, "bin"), 0o755),
		os.WriteFile(filepath.Join(directory, "LICENSE"), []byte("free"), file),
		os.WriteFile(filepath.Join(directory, "bin", "program"), []byte("run"), program),
		os.Chtimes(filepath.Join(directory, "LICENSE"), modified, modified),
		run([]string{directory, output}, epoch))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func TestErrors(t *testing.T) {
	directory := t.TempDir()
	if err := os.Symlink("elsewhere", filepath.Join(directory, "link")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args  []string
		epoch string
		want  string
	}{
		"no file":           {args: []string{directory}, epoch: epoch, want: "usage: archive DIRECTORY FILE"},
		"no time":           {args: []string{directory, "x.zip"}, want: `SOURCE_DATE_EPOCH="": want seconds since 1970`},
		"another format":    {args: []string{directory, "x.rar"}, epoch: epoch, want: "want a name that ends in .tar, .tar.gz or .zip"},
		"no such directory": {args: []string{"none", "x.tar"}, epoch: epoch, want: "no such file or directory"},
		"a link":            {args: []string{directory, "x.tar"}, epoch: epoch, want: "is neither a file nor a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := run(test.args, test.epoch); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
				t.Errorf("left %v, error %v; want nothing", left, err)
			}
		})
	}
}

func listTarGz(t *testing.T, archive []byte) []string {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return listTar(t, content)
}

func listTar(t *testing.T, archive []byte) []string {
	t.Helper()
	var entries []string
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry(t, header.Name, header.FileInfo(), reader))
	}
}

func listZip(t *testing.T, archive []byte) []string {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for _, file := range reader.File {
		opened, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry(t, file.Name, file.FileInfo(), opened))
	}
	return entries
}

func entry(t *testing.T, name string, info os.FileInfo, reader io.Reader) string {
	t.Helper()
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(name, " ", info.Mode(), " ", info.ModTime().UTC().Format(time.RFC3339), " ", string(content))
}
