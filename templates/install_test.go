package templates

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInstall: the script fetches a release as the templates do, by curl from a server that has GitHub's paths.
func TestInstall_takesAReleaseThatIsWhatItsSumsSay(t *testing.T) {
	archive := release(t, Version)
	name := fmt.Sprintf("dagferry_%s_linux_%s.tar.gz", Version, runtime.GOARCH)
	sum := func(data []byte, name string) string { return fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name) }
	for what, tc := range map[string]struct {
		sums string
		want string
	}{
		"as it should be":     {sum(nil, name+".cdx.json") + sum(archive, name) + sum(nil, "s3sync-arm64.zip"), ""},
		"another archive":     {sum([]byte("other"), name), "FAILED"},
		"not among the sums":  {sum(nil, name+".cdx.json"), "no properly formatted"},
		"there are no sums":   {"", "404"},
		"a page that is HTML": {"<html>", "no properly formatted"},
	} {
		t.Run(what, func(t *testing.T) {
			home := served(t, map[string]string{name: string(archive), "SHA256SUMS": tc.sums})
			out, err := installed(t, home, Version)
			if tc.want == "" {
				require.NoError(t, err, out)
				assert.Contains(t, out, "this is dagferry "+Version)
				return
			}
			assert.Error(t, err, out)
			assert.Contains(t, out, tc.want)
			assert.NoFileExists(t, filepath.Join(home, ".dagferry", "dagferry"))
		})
	}
}

func TestInstall_takesWhatIsThereAlready(t *testing.T) {
	home := served(t, nil) // nothing can be fetched
	require.NoError(t, os.Mkdir(filepath.Join(home, ".dagferry"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, ".dagferry", "dagferry"), []byte(program("v2.0.0")), 0o700))
	out, err := installed(t, home, "v2.0.0")
	require.NoError(t, err, out)
	assert.Contains(t, out, "this is dagferry v2.0.0")
	out, err = installed(t, home, "v2.0.1")
	assert.Error(t, err, out)
}

// served is a home whose curl finds files where GitHub has a release's.
func served(t *testing.T, files map[string]string) (home string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, is := strings.CutPrefix(r.URL.Path, "/dagferry/dagferry/releases/download/"+Version+"/")
		if text := files[name]; is && text != "" {
			fmt.Fprint(w, text)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	home = t.TempDir()
	rc := fmt.Sprintf("connect-to = \"github.com:443:%s\"\ninsecure\nnoproxy = \"*\"\n", server.Listener.Addr())
	require.NoError(t, os.WriteFile(filepath.Join(home, ".curlrc"), []byte(rc), 0o600))
	return home
}

// installed runs the script as a CI does, and then the program.
func installed(t *testing.T, home, version string) (string, error) {
	t.Helper()
	script, err := os.ReadFile("install.sh")
	require.NoError(t, err)
	cmd := exec.Command("sh", "-e", "-c", string(script)+"\nexec dagferry run")
	cmd.Env = []string{"HOME=" + home, "PATH=/usr/local/bin:/usr/bin:/bin", "DAGFERRY_VERSION=" + version}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func program(version string) string {
	return "#!/bin/sh\nif [ $1 = version ]; then echo dagferry " + version + " go linux; else echo this is dagferry " + version + "; fi\n"
}

// release is an archive with a program that knows its version.
func release(t *testing.T, version string) []byte {
	t.Helper()
	var b bytes.Buffer
	packed := gzip.NewWriter(&b)
	files := tar.NewWriter(packed)
	text := program(version)
	require.NoError(t, files.WriteHeader(&tar.Header{Name: "dagferry", Mode: 0o755, Size: int64(len(text))}))
	_, err := files.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, files.Close())
	require.NoError(t, packed.Close())
	return b.Bytes()
}
