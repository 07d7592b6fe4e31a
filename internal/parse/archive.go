package parse

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// maxArchive bounds a zip that has to be read into memory, because its fs.File cannot be read at an offset.
const maxArchive = 64 << 20

// maxModules bounds how many modules of a zip are checked; Airflow imports each of them.
const maxModules = 1000

// checkArchive checks the modules at the root of a zip, which Airflow imports as DAG files; it knows nothing of those
// deeper inside until one of them is imported.
func (c *Checker) checkArchive(ctx context.Context, tree fs.FS, f file) (int, []Finding, error) {
	in, err := tree.Open(f.path)
	if err != nil {
		return 0, nil, fmt.Errorf("open %s: %w", f.path, err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	archive, err := openArchive(in)
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, errTooLarge) {
		f.spared = "Airflow may skip it"
		return 0, f.findings(fact{Rule: RuleArchive, Message: "it cannot be read: " + err.Error()}), nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("read %s: %w", f.path, err)
	}
	var findings []Finding
	files := 0
	for _, member := range archive.File {
		if strings.ContainsAny(member.Name, `/\`) || path.Ext(member.Name) != ".py" {
			continue
		}
		if files++; files > maxModules {
			message := fmt.Sprintf("it has more than %d modules: the others are not checked", maxModules)
			return maxModules, append(findings, f.findings(fact{Rule: RuleArchive, Message: message})...), nil
		}
		more, err := c.checkMember(ctx, f, member)
		if err != nil {
			return files, nil, err
		}
		findings = append(findings, more...)
	}
	return files, findings, nil
}

func (c *Checker) checkMember(ctx context.Context, f file, member *zip.File) ([]Finding, error) {
	f.path += "/" + printable(member.Name)
	in, err := member.Open()
	if err == nil {
		defer in.Close() //nolint:errcheck // it was only read
		var findings []Finding
		if findings, err = c.checkReader(ctx, f, in); err == nil {
			return findings, nil
		}
	}
	if errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) {
		return f.findings(fact{Rule: RuleArchive, Message: "it cannot be unpacked: " + err.Error()}), nil
	}
	return nil, fmt.Errorf("check %s: %w", f.path, err)
}

var errTooLarge = fmt.Errorf("it is larger than %s", size(maxArchive))

func openArchive(in fs.File) (*zip.Reader, error) {
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if at, ok := in.(io.ReaderAt); ok {
		return zip.NewReader(at, info.Size())
	}
	data, err := io.ReadAll(io.LimitReader(in, maxArchive+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxArchive {
		return nil, errTooLarge
	}
	return zip.NewReader(bytes.NewReader(data), int64(len(data)))
}
