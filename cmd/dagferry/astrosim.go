package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
)

func newAstroSim() *cobra.Command {
	var listen string
	var o astrotest.Options
	c := &cobra.Command{
		Use:   "astro-sim",
		Short: "Run a simulator of Astro's API, for tests",
		Long: `astro-sim serves Astro's deploy API from memory. Any well-formed JWT whose permissions name an organization
("permissions": ["organizationId:…"]) is a token, one is printed at the start, and any Deployment exists unless told otherwise. Beside the API:

  GET  /_sim/live/{deployment}          the live tree: [{"path","size","sha256"}]
  GET  /_sim/live/{deployment}.tar.gz   the live archive, as uploaded
  GET  /_sim/deploys/{deployment}       the deploy history
  POST /_sim/faults                     arrange failures, such as {"op":"create","count":1,"status":503}
  POST /_sim/deployments/{deployment}   change settings, such as {"isDagDeployEnabled":false}

With --registry, Deployments name a repository of this server's: the user is cli, the password a token, and a finalized image has to be there.`,
		Example: `  dagferry astro-sim --listen 127.0.0.1:8888
  curl -X POST 127.0.0.1:8888/_sim/faults -d '{"op":"create","count":1,"status":503}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runAstroSim(cmd, listen, o) },
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8888", "the address to listen on; port 0 takes a free one")
	c.Flags().BoolVar(&o.Registry, "registry", false, "take images, and look at them when they are deployed")
	return c
}

func runAstroSim(cmd *cobra.Command, listen string, o astrotest.Options) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return usageError{err}
	}
	sim := astrotest.New(o)
	fmt.Fprintf(cmd.OutOrStdout(), "Astro's simulator listens. For dagferry and other clients:\n\nexport ASTRO_API_URL=http://%s/v1 ASTRO_API_TOKEN=%s\n",
		l.Addr(), astrotest.Token(astrotest.TokenOptions{}))
	srv := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(cmd.Context(), func() { _ = srv.Close() })
	defer stopped()
	if err := srv.Serve(l); cmd.Context().Err() == nil {
		return err
	}
	return nil
}
