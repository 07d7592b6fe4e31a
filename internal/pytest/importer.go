package pytest

import (
	"bytes"
	"context"
	"fmt"

	program "github.com/dagferry/dagferry/functions/validator"
	"github.com/dagferry/dagferry/internal/parse/validator"
)

// importLimit is what memory bears: the request is held several times.
const importLimit = 512 << 20

// Importer imports DAGs in the place where tests run, as a real import does, between the same guards. It is a validator.Transport.
func Importer(o Options) validator.Transport { return importer{o} }

type importer struct{ Options }

// Limit implements validator.Transport.
func (importer) Limit() int { return importLimit }

// Call implements validator.Transport: it starts the validator's program, and ends it.
func (i importer) Call(ctx context.Context, request []byte) ([]byte, error) {
	files, err := programFiles()
	if err != nil {
		return nil, err
	}
	var said struct {
		Status            int
		Answer, Complaint string
	}
	i.Output = nil
	if _, err := i.do(ctx, job{Do: "import", Program: files}, bytes.NewReader(request), &said); err != nil {
		return nil, err
	}
	if said.Status != 0 {
		return nil, fmt.Errorf("exit status %d: %s", said.Status, said.Complaint)
	}
	return []byte(said.Answer), nil
}

// programFiles are the validator's program.
func programFiles() (map[string]string, error) {
	const folder = "dagferry_validator"
	entries, err := program.Program.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read the validator's program: %w", err)
	}
	files := map[string]string{}
	for _, e := range entries {
		text, err := program.Program.ReadFile(folder + "/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the validator's program: %w", err)
		}
		files[e.Name()] = string(text)
	}
	return files, nil
}
