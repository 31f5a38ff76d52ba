package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// packer is an archive that is being written.
type packer interface {
	add(name string, mode fs.FileMode, content []byte) error
	io.Closer
}

// newPacker chooses the format by the name of the file.
func newPacker(name string, w io.Writer, modified time.Time) (packer, error) {
	switch {
	case strings.HasSuffix(name, ".tar"):
		return &tarball{Writer: tar.NewWriter(w), modified: modified}, nil
	case strings.HasSuffix(name, ".tar.gz"):
		compressed := gzip.NewWriter(w)
		return &tarball{Writer: tar.NewWriter(compressed), modified: modified, compressed: compressed}, nil
	case strings.HasSuffix(name, ".zip"):
		return &zipped{Writer: zip.NewWriter(w), modified: modified}, nil
	}
	return nil, fmt.Errorf("%s: want a name that ends in .tar, .tar.gz or .zip", name)
}

type tarball struct {
	*tar.Writer
	modified   time.Time
	compressed *gzip.Writer // Nil for a plain .tar.
}

func (t *tarball) add(name string, mode fs.FileMode, content []byte) error {
	header := &tar.Header{Name: name, Mode: int64(mode), Size: int64(len(content)), ModTime: t.modified}
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	_, err := t.Write(content)
	return err
}

func (t *tarball) Close() error {
	err := t.Writer.Close()
	if t.compressed != nil {
		err = errors.Join(err, t.compressed.Close())
	}
	return err
}

type zipped struct {
	*zip.Writer
	modified time.Time
}

func (z *zipped) add(name string, mode fs.FileMode, content []byte) error {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.modified}
	header.SetMode(mode)
	w, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}
