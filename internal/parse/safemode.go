package parse

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
)

// look is what Airflow looks at in a file's bytes before it reads it as Python: by discover_safe_mode, whether some
// words are in it, in upper or lower case, and whether it is a zip.
type look uint8

const (
	saysAirflow look = 1 << iota
	saysDag
	saysAsset
	isZip
	isParsed // the worker has said what it thinks of it
)

// readAnyway is of what nobody has looked at: Airflow may well read it.
const readAnyway = saysAirflow | saysDag | saysAsset

// lookAt looks at a Python file's contents.
func lookAt(data []byte) look {
	lower := asciiLower(data)
	var out look
	for word, flag := range map[string]look{"airflow": saysAirflow, "dag": saysDag, "asset": saysAsset} {
		if bytes.Contains(lower, []byte(word)) {
			out |= flag
		}
	}
	if zipTail(data[max(len(data)-zipTailSize, 0):]) {
		out |= isZip
	}
	return out
}

// asciiLower is bytes.lower of Python.
func asciiLower(data []byte) []byte {
	out := bytes.Clone(data)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// skips is what Airflow's safe mode, which is on by default, has against a Python file; "" if nothing. A zip always
// passes.
func (t target) skips(l look) string {
	switch {
	case l&isZip != 0:
		return ""
	case l&saysAirflow == 0:
		return `Airflow's safe mode skips it: the word "airflow" is not in it`
	case l&saysDag != 0, l&saysAsset != 0 && !t.airflow2:
		return ""
	case t.airflow2:
		return `Airflow's safe mode skips it: the word "dag" is not in it`
	default:
		return `Airflow's safe mode skips it: neither "dag" nor "asset" is in it`
	}
}

// zipRecord is the length of the record at the end of a zip; after it there may be a comment.
const (
	zipRecord   = 22
	zipTailSize = zipRecord + 1<<16
)

const zipMark = "PK\x05\x06"

// zipTail tells of the end of a file whether Python's zipfile.is_zipfile takes it for a zip, whatever its name is.
func zipTail(tail []byte) bool {
	if last := tail[max(len(tail)-zipRecord, 0):]; len(last) == zipRecord && bytes.HasPrefix(last, []byte(zipMark)) && bytes.HasSuffix(last, []byte{0, 0}) {
		return true
	}
	if !bytes.Contains(tail, []byte(zipMark)) {
		return false // LastIndex takes ten times as long
	}
	return len(tail)-bytes.LastIndex(tail, []byte(zipMark)) >= zipRecord
}

// isZipFile looks at the end of an open file. Its error is the tree's.
func isZipFile(in fs.File) (bool, error) {
	info, err := in.Stat()
	if err != nil {
		return false, err
	}
	tail := make([]byte, min(info.Size(), zipTailSize))
	if at, is := in.(io.ReaderAt); is {
		n, err := at.ReadAt(tail, info.Size()-int64(len(tail)))
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		return zipTail(tail[:n]), nil
	}
	if _, err := io.CopyN(io.Discard, in, info.Size()-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	n, err := io.ReadFull(in, tail)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	return zipTail(tail[:n]), nil
}
