package astrotest

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// blobPath is where the uploads of all Deployments are, one blob each [inferred].
const blobPath = "/_blob/"

// maxBlob bounds an upload: what is larger is a mistake, and would be kept in memory.
const maxBlob = 1 << 30

// blob is a versioned block blob of Azure.
type blob struct {
	versions    map[string]*upload
	committed   map[string][]byte // blocks of the newest version
	uncommitted map[string][]byte // blocks that no list names yet: one set for all who write
}

// upload is one version.
type upload struct {
	data  []byte
	files []LiveFile
	err   error // why it cannot be deployed
}

func newBlob() blob {
	return blob{versions: map[string]*upload{}, committed: map[string][]byte{}, uncommitted: map[string][]byte{}}
}

// uploadURL is a URL with a signature and an end, as Azure's are. It is one of the blob, not of the deploy.
func (s *Server) uploadURL(q *request, d *deployment) string {
	end := s.o.Now().Add(s.o.UploadTTL)
	if q.fault.ExpireUpload {
		end = s.o.Now().Add(-time.Minute)
	}
	se := end.UTC().Format(time.RFC3339)
	query := url.Values{
		"sv": {"2024-11-04"}, "sr": {"b"}, "sp": {"cw"}, "se": {se}, "sig": {signature(d.id, se)},
	}
	return own(q.http) + blobPath + d.id + "/dags.tar.gz?" + query.Encode()
}

func signature(deployment, end string) string {
	return base64.StdEncoding.EncodeToString(sum(deployment + "\n" + end))
}

func (s *Server) serveBlob(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("deployment")
	f := s.take("upload", id)
	s.withFault(w, f, true, func() response {
		version, err := s.store(w, r, f)
		var refusal *azureError
		if errors.As(err, &refusal) {
			return refusal.response(s.id())
		}
		header := map[string]string{"X-Ms-Version-Id": version, "X-Ms-Request-Id": s.id()}
		if f.OmitVersion || version == "" {
			delete(header, "X-Ms-Version-Id")
		}
		return response{status: http.StatusCreated, header: header}
	})
}

// store takes an upload: a whole blob, a block of one, or a list that commits blocks. The version is empty for a block.
func (s *Server) store(w http.ResponseWriter, r *http.Request, f Fault) (string, error) {
	if err := s.authorize(r, f.ExpireUpload); err != nil {
		return "", err
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBlob))
	if err != nil {
		return "", &azureError{http.StatusBadRequest, "IncompleteBody", "The request body is incomplete."}
	}
	id := r.PathValue("deployment")
	switch comp := r.URL.Query().Get("comp"); comp {
	case "":
		if err := checkBlobHeaders(r); err != nil {
			return "", err
		}
		return s.putBlob(id, data)
	case "block":
		return "", s.putBlock(id, r.URL.Query().Get("blockid"), data)
	case "blocklist":
		return s.putBlockList(id, data)
	default:
		return "", &azureError{http.StatusBadRequest, "InvalidQueryParameterValue", "Value for one of the query parameters is invalid."}
	}
}

// authorize checks what Azure checks of a signed URL. It takes no other credentials beside: who sends the token along
// has told it to a storage account.
func (s *Server) authorize(r *http.Request, expired bool) error {
	q := r.URL.Query()
	end, err := time.Parse(time.RFC3339, q.Get("se"))
	switch {
	case r.Header.Get("Authorization") != "":
		return &azureError{http.StatusBadRequest, "InvalidAuthenticationInfo", "Authentication information is not given in the correct format. Check the value of Authorization header."}
	case err != nil || q.Get("sig") != signature(r.PathValue("deployment"), q.Get("se")):
		return &azureError{http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request. Signature did not match."}
	case expired || !s.o.Now().Before(end):
		return &azureError{http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request. Signature not valid in the specified time frame."}
	case r.Method != http.MethodPut:
		return &azureError{http.StatusForbidden, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission."}
	case r.ContentLength < 0:
		return &azureError{http.StatusLengthRequired, "MissingContentLengthHeader", "Content-Length header is missing."}
	default:
		return nil
	}
}

func checkBlobHeaders(r *http.Request) error {
	switch r.Header.Get("X-Ms-Blob-Type") {
	case "BlockBlob":
		return nil
	case "":
		return &azureError{http.StatusBadRequest, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified. x-ms-blob-type"}
	default:
		return &azureError{http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format. x-ms-blob-type"}
	}
}

// putBlob writes a version at once, and discards all uncommitted blocks, as Azure's Put Blob does [doc].
func (s *Server) putBlob(id string, data []byte) (string, error) {
	files, err := readArchive(data) // outside the lock: it takes time
	s.mu.Lock()
	defer s.mu.Unlock()
	b, missing := s.blobOf(id)
	if missing != nil {
		return "", missing
	}
	b.committed, b.uncommitted = map[string][]byte{}, map[string][]byte{}
	return s.version(b, &upload{data, files, err}), nil
}

func (s *Server) blobOf(id string) (*blob, error) {
	d := s.lookup(id)
	if d == nil {
		return nil, &azureError{http.StatusNotFound, "ContainerNotFound", "The specified container does not exist."}
	}
	return &d.blob, nil
}

// version keeps an upload under a name such as Azure's, a time with seven digits of a second; the last ones count, so
// that no two are the same under a clock that stands.
func (s *Server) version(b *blob, u *upload) string {
	s.sequence++
	v := fmt.Sprintf("%s.%07dZ", s.o.Now().UTC().Format("2006-01-02T15:04:05"), s.sequence%1e7)
	b.versions[v] = u
	return v
}

func (s *Server) putBlock(id, block string, data []byte) error {
	if _, err := base64.StdEncoding.DecodeString(block); err != nil || block == "" {
		return &azureError{http.StatusBadRequest, "InvalidQueryParameterValue", "Value for one of the query parameters is invalid. blockid"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.blobOf(id)
	if err != nil {
		return err
	}
	b.uncommitted[block] = data
	return nil
}

// putBlockList makes a version of blocks, and discards every uncommitted block, other writers' too: their list then
// names blocks that are no more [doc], which is how two parallel uploads in blocks break each other.
func (s *Server) putBlockList(id string, list []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.blobOf(id)
	if err != nil {
		return "", err
	}
	blocks, data, err := b.assemble(list)
	if err != nil {
		return "", err
	}
	b.committed, b.uncommitted = blocks, map[string][]byte{}
	files, archiveErr := readArchive(data)
	return s.version(b, &upload{data, files, archiveErr}), nil
}

func (b *blob) assemble(list []byte) (map[string][]byte, []byte, error) {
	var wire struct {
		XMLName xml.Name `xml:"BlockList"`
		Blocks  []struct {
			XMLName xml.Name
			ID      string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(list, &wire); err != nil {
		return nil, nil, &azureError{http.StatusBadRequest, "InvalidXmlDocument", "XML specified is not syntactically valid."}
	}
	blocks, data := map[string][]byte{}, bytes.Buffer{}
	for _, block := range wire.Blocks {
		content, ok := b.block(block.XMLName.Local, block.ID)
		if !ok {
			return nil, nil, &azureError{http.StatusBadRequest, "InvalidBlockList", "The specified block list is invalid."}
		}
		blocks[block.ID] = content
		data.Write(content)
	}
	return blocks, data.Bytes(), nil
}

func (b *blob) block(where, id string) ([]byte, bool) {
	if content, ok := b.uncommitted[id]; ok && where != "Committed" {
		return content, true
	}
	content, ok := b.committed[id]
	return content, ok && where != "Uncommitted"
}

// azureError is an error as Azure's storage answers it.
type azureError struct {
	status        int
	code, message string
}

func (a *azureError) Error() string { return a.code }

func (a *azureError) response(requestID string) response {
	body := fmt.Sprintf("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>%s\nRequestId:%s</Message></Error>",
		a.code, a.message, requestID)
	return response{a.status, map[string]string{
		"Content-Type": "application/xml", "X-Ms-Error-Code": a.code, "X-Ms-Request-Id": requestID,
	}, []byte(body)}
}
