package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// bom is the product's bill of materials, in CycloneDX's JSON. It tells of the modules that the linker wrote into the
// executable, as go version -m shows them, and of the interpreter; nothing of it is from go.mod. The same product of
// the same commit has the same: its time is the commit's, its serial number is made from its contents.
func (p packed) bom(when time.Time) ([]byte, error) {
	interpreter, err := p.python.component()
	if err != nil {
		return nil, err
	}
	modules, err := modules(p.info)
	if err != nil {
		return nil, err
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp:  when.Format(time.RFC3339),
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{
			{Type: cdx.ComponentTypeApplication, Name: p.info.Main.Path + "/internal/tools/pack", Version: p.version},
		}},
		Component: p.component(),
	}
	components := slices.Concat(modules, []cdx.Component{goComponent(p.info), interpreter})
	bom.Components = &components
	bom.Compositions = &[]cdx.Composition{
		// More libraries are linked into the interpreter than those that say their version.
		{Aggregate: cdx.CompositionAggregateIncomplete, Assemblies: &[]cdx.BOMReference{cdx.BOMReference(interpreter.BOMRef)}},
	}
	contents, err := encode(bom)
	if err != nil {
		return nil, err
	}
	bom.SerialNumber = serialNumber(sha256.Sum256(contents))
	return encode(bom)
}

func encode(bom *cdx.BOM) ([]byte, error) {
	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}

// serialNumber is the sum as a UUID of version 8, whose contents are its maker's business.
func serialNumber(sum [sha256.Size]byte) string {
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// component is the archive itself.
func (p packed) component() *cdx.Component {
	address := fmt.Sprintf("pkg:golang/%s@%s?goarch=%s&goos=%s#%s",
		p.info.Main.Path, url.QueryEscape(p.version), p.arch, p.os, strings.TrimPrefix(p.info.Path, p.info.Main.Path+"/"))
	return &cdx.Component{
		BOMRef: address, PackageURL: address,
		Type: cdx.ComponentTypeApplication, Name: p.name, Version: p.version,
		Hashes:   hashOf(p.data),
		Licenses: licensed("Apache-2.0"),
	}
}

// modules are those that are linked in. Their sums are told as in go.sum: they are of no file that could be downloaded,
// so they are no hashes in CycloneDX's sense. Their licences are told by their own texts, in the archive.
func modules(info *debug.BuildInfo) ([]cdx.Component, error) {
	var all []cdx.Component
	for _, m := range info.Deps {
		if m.Replace != nil {
			return nil, fmt.Errorf("module %s is replaced by %s: a bill of materials can only name what everybody can get: remove the replace line from go.mod", m.Path, m.Replace.Path)
		}
		all = append(all, cdx.Component{
			BOMRef: golang(m.Path, m.Version), PackageURL: golang(m.Path, m.Version),
			Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version,
			Properties: &[]cdx.Property{{Name: "go.sum", Value: m.Sum}},
		})
	}
	return all, nil
}

// goComponent is Go's own runtime and library, by the name under which its vulnerabilities are published.
func goComponent(info *debug.BuildInfo) cdx.Component {
	version := strings.TrimPrefix(info.GoVersion, "go")
	return cdx.Component{
		BOMRef: golang("stdlib", version), PackageURL: golang("stdlib", version),
		Type: cdx.ComponentTypeLibrary, Name: "stdlib", Version: version,
		Licenses: licensed("BSD-3-Clause"),
	}
}

// component is the interpreter, with the libraries in its executable that say which they are.
func (p python) component() (cdx.Component, error) {
	executable, err := p.executable()
	if err != nil {
		return cdx.Component{}, err
	}
	linked := linkedInto(executable)
	if len(linked) == 0 {
		return cdx.Component{}, errors.New("the interpreter's executable names none of the libraries in it any more: look for their versions with strings(1), and correct linkedInto")
	}
	address := "pkg:generic/cpython@" + p.version
	return cdx.Component{
		BOMRef: address, PackageURL: address, CPE: "cpe:2.3:a:python:python:" + p.version + ":*:*:*:*:*:*:*",
		Type: cdx.ComponentTypeApplication, Name: "cpython", Version: p.version,
		Description: "the interpreter that checks DAGs; the hash is its executable's",
		Hashes:      hashOf(executable),
		Licenses:    licensed("PSF-2.0"),
		Components:  &linked,
		ExternalReferences: &[]cdx.ExternalReference{
			{Type: cdx.ERTypeDistribution, URL: "https://github.com/astral-sh/python-build-standalone/releases/tag/" + p.build},
		},
		Properties: &[]cdx.Property{
			{Name: "taken from", Value: pythonModule + "@" + p.module},
			{Name: "go.sum", Value: p.sum},
		},
	}, nil
}

// golang is a module's package URL.
func golang(module, version string) string {
	return "pkg:golang/" + module + "@" + url.QueryEscape(version)
}

func hashOf(data []byte) *[]cdx.Hash {
	return &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(data))}}
}

// licensed is the licence of this SPDX identifier.
func licensed(id string) *cdx.Licenses {
	return &cdx.Licenses{{License: &cdx.License{ID: id, Acknowledgement: cdx.LicenseAcknowledgementDeclared}}}
}
