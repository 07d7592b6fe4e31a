package parse

import (
	"encoding/binary"
	"fmt"
	"io"
)

// maxAnswer is far above what maxFacts facts take.
const maxAnswer = 1 << 20

// writeFrame writes four bytes of length, big-endian, and the data.
func writeFrame(w io.Writer, data []byte) error {
	frame := make([]byte, 0, 4+len(data))                           // one write, and so one awakening of the reader
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(data))) //nolint:gosec // at most Options.MaxFileSize
	_, err := w.Write(append(frame, data...))
	return err
}

// readFrame reads one frame. It believes no length that an answer cannot have.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxAnswer {
		return nil, fmt.Errorf("an answer of %d bytes is none", n)
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	return data, err
}
