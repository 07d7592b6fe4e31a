// Pack makes what people install. The same sources and the same Go give the same bytes, wherever that is done.
//
// It builds the zips of a function for AWS Lambda: the Go executable as bootstrap, and beside it the interpreter that
// package parse looks for there, with only the modules that it needs:
//
//	go run ./internal/tools/pack -out dist -arch arm64,amd64 -cmd ./functions/s3sync -name s3sync
//
// Or it makes a release, from a tree without changes: the functions' zips, the command line for each platform, a bill
// of materials (CycloneDX) for each of them:
//
//	go run ./internal/tools/pack -out dist -release
//
// SHA256SUMS lists what it wrote. The version is that of git describe.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	out, arch, command, name, source, version string
	release                                   bool
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	flags.StringVar(&o.out, "out", "dist", "the `directory` to write to")
	flags.StringVar(&o.arch, "arch", "arm64,amd64", "the `architectures`, with commas")
	flags.StringVar(&o.command, "cmd", "", "the `package` to build")
	flags.StringVar(&o.name, "name", "", "the `name` of the function")
	flags.StringVar(&o.source, "source", "", "the `package` of a Cloud Run function, which its platform builds")
	flags.StringVar(&o.version, "version", "", "the `version` that the function says it has, if not that of git describe")
	flags.BoolVar(&o.release, "release", false, "make a release, which decides itself what it consists of")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.release {
		flags.Visit(func(f *flag.Flag) {
			if f.Name != "out" && f.Name != "release" {
				err = fmt.Errorf("-release does not go with -%s: its version is that of git describe (git tag v1.2.3 makes one), and what it consists of is in release.go", f.Name)
			}
		})
	} else if o.command == "" || o.name == "" {
		err = errors.New("say which package to build (-cmd) and what to call it (-name), or that it is a release (-release)")
	}
	return o, err
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil { //nolint:gosec // build output, for everybody
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILE\tSIZE\tSHA256")
	tell := func(name string, data []byte) {
		fmt.Fprintf(table, "%s\t%.2f MB\t%x\n", filepath.Join(o.out, name), float64(len(data))/1e6, sha256.Sum256(data))
	}
	if o.release {
		err = makeRelease(ctx, o, tell)
	} else {
		err = makePackages(ctx, o, tell)
	}
	if err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "What is for other machines than %s/%s was built, and checked by its file list and headers; it was not run.\n", runtime.GOOS, runtime.GOARCH)
	return err
}

// makePackages builds one function for each architecture, and packs the source of another.
func makePackages(ctx context.Context, o options, tell func(string, []byte)) error {
	if o.version == "" {
		c, err := describe(ctx, ".")
		if err != nil {
			return fmt.Errorf("find the version; -version says it where there is no git: %w", err)
		}
		o.version = c.version
	}
	if err := checkVersion(o.version); err != nil {
		return err
	}
	out := &folder{path: o.out}
	var all []deliverable
	for _, arch := range strings.Split(o.arch, ",") {
		all = append(all, function(o.name, o.command, o.version, arch))
	}
	if o.source != "" {
		all = append(all, source{o.source, o.version})
	}
	for _, d := range all {
		p, err := d.pack(ctx)
		if err == nil {
			err = out.add(p.archive, p.data)
		}
		if err != nil {
			return fmt.Errorf("pack %s: %w", d.file(), err)
		}
		tell(p.archive, p.data)
	}
	return out.finish()
}

// makeRelease releases this repository.
func makeRelease(ctx context.Context, o options, tell func(string, []byte)) error {
	main, err := goOutput(ctx, "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return err
	}
	module, root, _ := strings.Cut(main, " ")
	return release{dir: root, out: &folder{path: o.out}, products: ourProducts(module, root), tell: tell}.make(ctx)
}
