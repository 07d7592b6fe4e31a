// Command local serves the Cloud Run function on this machine, or in a container: PORT is 8080 if it is not set.
package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"

	_ "github.com/dagferry/dagferry/functions/gcssync" // the function registers itself
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "serve the function:", err)
		os.Exit(1)
	}
}

func serve() error {
	if os.Getenv("FUNCTION_TARGET") == "" {
		if err := os.Setenv("FUNCTION_TARGET", "Sync"); err != nil {
			return err
		}
	}
	return funcframework.StartHostPort(os.Getenv("HOST"), cmp.Or(os.Getenv("PORT"), "8080"))
}
