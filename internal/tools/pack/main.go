// Pack builds the zip of a function for AWS Lambda: the Go executable as bootstrap, and beside it the interpreter that
// package parse looks for there, with only the modules that it needs. The same sources give the same bytes.
//
//	go run ./internal/tools/pack -out dist -arch arm64,amd64 -cmd ./functions/s3sync -name s3sync -version v1.2.3
package main

import (
	"context"
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

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	out := flags.String("out", "dist", "the `directory` to write NAME-ARCH.zip to")
	arches := flags.String("arch", "arm64,amd64", "the `architectures`, with commas")
	command := flags.String("cmd", "", "the `package` to build")
	name := flags.String("name", "", "the `name` of the function")
	version := flags.String("version", "dev", "the `version` that the function says it has")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *command == "" || *name == "" {
		return fmt.Errorf("say which package to build (-cmd) and what to call it (-name)")
	}
	if err := os.MkdirAll(*out, 0o755); err != nil { //nolint:gosec // build output, for everybody
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILE\tSIZE\tSHA256")
	for _, arch := range strings.Split(*arches, ",") {
		path := filepath.Join(*out, *name+"-"+arch+".zip")
		p, err := pack(ctx, path, *command, *version, arch)
		if err != nil {
			return fmt.Errorf("pack %s for %s: %w", *name, arch, err)
		}
		fmt.Fprintf(table, "%s\t%.1f MB\t%x\n", path, float64(p.size)/1e6, p.sum)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "Packages for other machines than %s were built, and checked by their file lists and ELF headers; they were not run.\n", runtime.GOARCH)
	return err
}
