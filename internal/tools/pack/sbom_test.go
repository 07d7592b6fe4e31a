package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBom_isWhatGoVersionShows compares the components with what go version -m says of the executables in the archives.
func TestBom_isWhatGoVersionShows(t *testing.T) {
	needsProducts(t)
	const module = "github.com/dagferry/dagferry"
	when := time.Unix(1_700_000_000, 0).UTC()
	for _, p := range []product{
		function("s3sync", module+"/functions/s3sync", "v1.2.3", "arm64"),
		commandLine("dagferry", module+"/cmd/dagferry", "v1.2.3", "linux", "amd64", "../../..", when),
	} {
		done, err := p.pack(t.Context())
		require.NoError(t, err)
		text, err := done.bom(when)
		require.NoError(t, err)
		again, err := done.bom(when)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again))

		var bom cdx.BOM
		require.NoError(t, cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom))
		var told []string
		for _, c := range *bom.Components {
			if path, ok := strings.CutPrefix(c.PackageURL, "pkg:golang/"); ok {
				assert.Equal(t, c.Name+"@"+url.QueryEscape(c.Version), path) // v1.0.0+incompatible has a plus
				told = append(told, strings.TrimSpace(c.Name+" "+c.Version+" "+goSum(c)))
			}
		}
		assert.Equal(t, goVersion(t, inside(t, done)), told)
		assert.Equal(t, "2023-11-14T22:13:20Z", bom.Metadata.Timestamp)
		assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(done.data)), (*bom.Metadata.Component.Hashes)[0].Value)
		assert.Regexp(t, `^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, bom.SerialNumber)
	}
}

// TestBom_interpreterIsTheOneInThePackage: its version is what it says, its hash that of its file.
func TestBom_interpreterIsTheOneInThePackage(t *testing.T) {
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"} {
		goos, arch, _ := strings.Cut(platform, "/")
		p, err := findPython(t.Context(), goos, arch)
		require.NoError(t, err)
		executable, err := p.executable()
		require.NoError(t, err)
		c, err := p.component()
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(executable)), (*c.Hashes)[0].Value)
		assert.Contains(t, string(executable), c.Version, platform)
		sums, err := os.ReadFile("../../../go.sum")
		require.NoError(t, err)
		assert.Contains(t, string(sums), pythonModule+" "+p.module+" "+goSum(c)+"\n")
		var linked []string
		for _, l := range *c.Components {
			linked = append(linked, l.Name)
		}
		assert.Subset(t, linked, []string{"openssl", "libexpat"}, platform)
	}
}

func goSum(c cdx.Component) string {
	if c.Properties == nil {
		return ""
	}
	for _, p := range *c.Properties {
		if p.Name == "go.sum" {
			return p.Value
		}
	}
	return ""
}

// goVersion is what go version -m says of the modules of an executable, and of Go.
func goVersion(t *testing.T, executable string) []string {
	out, err := exec.Command("go", "version", "-m", executable).Output()
	require.NoError(t, err)
	var modules []string
	for line := range strings.Lines(string(out)) {
		if dep, ok := strings.CutPrefix(line, "\tdep\t"); ok {
			modules = append(modules, strings.Join(strings.Fields(dep), " "))
		}
	}
	require.NotEmpty(t, modules)
	first, _, _ := strings.Cut(string(out), "\n")
	_, version, _ := strings.Cut(first, ": go")
	return append(modules, "stdlib "+version)
}

// inside unpacks the archive, and is the path of its executable.
func inside(t *testing.T, p packed) string {
	dir := t.TempDir()
	archive := filepath.Join(dir, p.archive)
	require.NoError(t, os.WriteFile(archive, p.data, 0o600))
	unpack := exec.Command("tar", "xzf", archive)
	if strings.HasSuffix(archive, ".zip") {
		unpack = exec.Command("python3", "-m", "zipfile", "-e", archive, ".")
	}
	unpack.Dir = dir
	out, err := unpack.CombinedOutput()
	require.NoError(t, err, string(out))
	return filepath.Join(dir, p.inside)
}
