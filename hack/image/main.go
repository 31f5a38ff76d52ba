// Command image makes a container image of one static program, without a container engine: as a docker-archive file, which `ctr
// images import` and its kin read, or for several platforms as an OCI layout. The same program gives the same files, bit by bit.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

type options struct {
	programs                        []program
	path, tag, user, output, layout string
	env                             []string
	labels                          map[string]string
	created                         time.Time
}

// program is a file, and the platform that it runs on.
type program struct {
	platform v1.Platform
	file     string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	tag, err := name.NewTag(opts.tag)
	if err != nil {
		return fmt.Errorf("parsing --tag: %w", err)
	}
	if opts.layout != "" {
		return writeLayout(opts, tag)
	}
	img, err := build(opts, opts.programs[0])
	if err != nil {
		return fmt.Errorf("building %s: %w", opts.tag, err)
	}
	if err := tarball.WriteToFile(opts.output, tag, img); err != nil {
		return fmt.Errorf("writing %s: %w", opts.output, err)
	}
	return nil
}

func parse(args []string) (options, error) {
	opts := options{labels: map[string]string{}}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.Func("program", "`[platform=]file` of the static program; may be repeated with --layout", opts.addProgram)
	flags.StringVar(&opts.path, "path", "", "the program's `path` in the image, which is also the entrypoint")
	flags.StringVar(&opts.tag, "tag", "", "the image's `name`, such as bluegreen:dev")
	flags.StringVar(&opts.user, "user", "", "`uid:gid` to run as (default root)")
	flags.StringVar(&opts.output, "output", "", "docker-archive `file` to write")
	flags.StringVar(&opts.layout, "layout", "", "new `directory` to write an OCI layout to")
	flags.Func("env", "`NAME=value` to set in the container; may be repeated", func(pair string) error {
		opts.env = append(opts.env, pair)
		return nil
	})
	flags.Func("label", "`NAME=value` to label the image with; may be repeated", func(pair string) error {
		key, value, _ := strings.Cut(pair, "=")
		opts.labels[key] = value
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if len(opts.programs) == 0 || !strings.HasPrefix(opts.path, "/") || opts.tag == "" {
		return options{}, errors.New("--program, --path (absolute) and --tag are needed")
	}
	if (opts.output == "") == (opts.layout == "") {
		return options{}, errors.New("either --output or --layout is needed")
	}
	if opts.output != "" && len(opts.programs) > 1 {
		return options{}, errors.New("--output holds one --program: several need --layout")
	}
	return opts, opts.readCreated(os.Getenv("SOURCE_DATE_EPOCH"))
}

// addProgram takes the platform of this machine, on Linux, for a program without one.
func (o *options) addProgram(arg string) error {
	platform, file, ok := strings.Cut(arg, "=")
	if !ok {
		platform, file = "linux/"+runtime.GOARCH, arg
	}
	parsed, err := v1.ParsePlatform(platform)
	if err != nil {
		return err
	}
	o.programs = append(o.programs, program{platform: *parsed, file: file})
	return nil
}

// readCreated dates the image 1970 unless told otherwise, so that builds can be compared.
func (o *options) readCreated(epoch string) error {
	if epoch == "" {
		epoch = "0"
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH=%q: want seconds since 1970", epoch)
	}
	o.created = time.Unix(seconds, 0).UTC()
	return nil
}
