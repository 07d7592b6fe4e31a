package main

import (
	"regexp"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// linkedInto finds C libraries in an executable by what they say of themselves there. python-build-standalone links
// them in, where no scanner of packages sees them; those named here are the ones that read what others wrote.
func linkedInto(executable []byte) []cdx.Component {
	var found []cdx.Component
	for _, library := range []struct{ name, vendor, licence, says string }{
		{"openssl", "openssl", "Apache-2.0", `OpenSSL (\d+\.\d+\.\d+) \d+ \w+ \d{4}`},
		{"libexpat", "libexpat_project", "MIT", `expat_(\d+\.\d+\.\d+)`},
		{"zlib", "zlib", "Zlib", `deflate (\d+\.\d+(?:\.\d+)*) Copyright`},
	} {
		said := regexp.MustCompile(library.says).FindSubmatch(executable)
		if said == nil {
			continue
		}
		version := string(said[1])
		address := "pkg:generic/" + library.name + "@" + version
		found = append(found, cdx.Component{
			BOMRef: address, PackageURL: address, CPE: "cpe:2.3:a:" + library.vendor + ":" + library.name + ":" + version + ":*:*:*:*:*:*:*",
			Type: cdx.ComponentTypeLibrary, Name: library.name, Version: version,
			Licenses: licensed(library.licence),
		})
	}
	return found
}
