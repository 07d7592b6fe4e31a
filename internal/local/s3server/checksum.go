package s3server

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // S3's, not ours
	"crypto/sha1" //nolint:gosec // S3's, not ours
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strconv"
	"strings"
)

// nvme is the polynomial of CRC64NVME, the checksum that S3 computes when the client sends none (NVM Express
// specification, "64b CRC"), in the reversed notation of hash/crc64.
const nvme = 0x9a6c9329ac4bc9b5

// checksums are S3's algorithms by their header.
func checksums() map[string]func() hash.Hash {
	return map[string]func() hash.Hash{
		"X-Amz-Checksum-Crc32":     func() hash.Hash { return crc32.NewIEEE() },
		"X-Amz-Checksum-Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
		"X-Amz-Checksum-Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(nvme)) },
		"X-Amz-Checksum-Sha1":      sha1.New,
		"X-Amz-Checksum-Sha256":    sha256.New,
	}
}

// verified is the body without its aws-chunked frame, if every checksum that came along is right.
func verified(r *http.Request, raw []byte) ([]byte, error) {
	body := raw
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		var err error
		if body, err = unframe(r, raw); err != nil {
			return nil, err
		}
	}
	if err := verifyMD5(r, body); err != nil {
		return nil, err
	}
	if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
		return body, nil // completes an upload: the checksum is the whole object's, not this body's
	}
	for name, algorithm := range checksums() {
		if want := r.Header.Get(name); want != "" && want != sum(algorithm(), body) {
			return nil, refuse(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.",
				strings.ToUpper(strings.TrimPrefix(name, "X-Amz-Checksum-")))
		}
	}
	signed := r.Header.Get("X-Amz-Content-Sha256")
	if actual := sha256.Sum256(body); len(signed) == 64 && signed != hex.EncodeToString(actual[:]) {
		return nil, refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
			"The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return body, nil
}

func verifyMD5(r *http.Request, body []byte) error {
	if _, sent := r.Header["Content-Md5"]; !sent {
		return nil
	}
	want, err := base64.StdEncoding.DecodeString(r.Header.Get("Content-Md5"))
	if err != nil || len(want) != md5.Size {
		return refuse(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.")
	}
	if actual := md5.Sum(body); !bytes.Equal(want, actual[:]) { //nolint:gosec // S3's, not ours
		return refuse(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	return nil
}

func sum(h hash.Hash, body []byte) string {
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// unframe takes an aws-chunked body apart: size[;signature] CRLF data CRLF …, 0 CRLF, trailers. Trailers that are
// checksums become headers, so that they are verified like these. Signatures are not: there are no credentials.
func unframe(r *http.Request, raw []byte) ([]byte, error) {
	incomplete := refuse(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
	var body []byte
	for {
		line, rest, ok := bytes.Cut(raw, []byte("\r\n"))
		size, err := strconv.ParseUint(strings.SplitN(string(line), ";", 2)[0], 16, 31)
		if !ok || err != nil {
			return nil, incomplete
		}
		raw = rest
		if size == 0 {
			break
		}
		if uint64(len(raw)) < size+2 {
			return nil, incomplete
		}
		body, raw = append(body, raw[:size]...), raw[size+2:]
	}
	if length := r.Header.Get("X-Amz-Decoded-Content-Length"); length != strconv.Itoa(len(body)) {
		return nil, incomplete
	}
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if _, known := checksums()[http.CanonicalHeaderKey(name)]; known {
			r.Header.Set(name, strings.TrimSpace(value))
		}
	}
	encodings := strings.Trim(strings.Replace(r.Header.Get("Content-Encoding"), "aws-chunked", "", 1), ", ")
	if r.Header.Del("Content-Encoding"); encodings != "" {
		r.Header.Set("Content-Encoding", encodings)
	}
	return body, nil
}
