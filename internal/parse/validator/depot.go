package validator

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/dagferry/dagferry/internal/secret"
)

const (
	// maxBundle is the largest archive that is handed over by a URL, in bytes: one of as many files as limits.totalSize lets
	// into a bundle (240 MB), that nothing compresses. The importer has the same limit (functions/validator, fetch.py).
	maxBundle = 256 << 20
	// lifetime is of a URL: of the two minutes that a run has for an import, and as much again for an importer that is busy.
	lifetime = 5 * time.Minute
	// removal is for one request, after which the store's own rules have to do it.
	removal = 10 * time.Second
)

// Store is where a bundle waits for the importer to fetch it. The buckets of S3 and of Cloud Storage are.
type Store interface {
	Put(ctx context.Context, key string, data []byte) error
	// Presign makes a URL by which anybody reads the object for a while.
	Presign(ctx context.Context, key string, lifetime time.Duration) (secret.Value, error)
	Remove(ctx context.Context, key string) error
	// URL names an object for people.
	URL(key string) string
}

// Depot is the place in a store for bundles that are too large for a request. The zero Depot is none.
type Depot struct {
	// Open opens the store. It is called when there is such a bundle.
	Open func(context.Context) (Store, error)
	// Prefix begins the objects' keys. Who may read what is below it gets the DAGs.
	Prefix string
}

// place is where the importer finds a bundle, and how it knows that it is the one.
type place struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	// Address is that of the URL's host, where it is known here: an importer may have no way to look up names.
	Address string `json:"address,omitempty"`
}

// ask is ask for a bundle that would make a request of a size above the limit.
func (d Depot) ask(ctx context.Context, to Transport, asked request, bundle []byte, size int) (answer Answer, err error) {
	store, err := d.open(ctx, bundle)
	if err != nil {
		return Answer{}, fmt.Errorf("the bundle makes a request of %.1f MB, and %.0f MB is the most that it takes; a larger one goes by way of a target's state in a bucket: %w; "+
			"or move large files out of the DAGs, or set check.level: rules", float64(size)/1e6, float64(to.Limit())/1e6, err)
	}
	key := d.Prefix + strings.ToLower(rand.Text())
	put := false
	defer func() {
		if err := remove(ctx, store, key); put {
			answer.left = err
		}
	}()
	if err := store.Put(ctx, key, bundle); err != nil {
		return Answer{}, err
	}
	put = true
	signed, err := store.Presign(ctx, key, lifetime)
	if err != nil {
		return Answer{}, err
	}
	asked.BundleAt = find(ctx, signed, bundle)
	said, err := send(ctx, to, asked)
	if err == nil {
		answer, err = read(said, asked.Files)
	}
	return answer, hidden(err, signed)
}

func (d Depot) open(ctx context.Context, bundle []byte) (Store, error) {
	if d.Open == nil {
		return nil, errors.New("name one by --target")
	}
	if len(bundle) > maxBundle {
		return nil, fmt.Errorf("it is an archive of %d MB, and %d MB is the most there", len(bundle)>>20, maxBundle>>20)
	}
	return d.Open(ctx)
}

// remove also does it for one who has given up: what is left can be read by whoever has the URL, and costs money.
func remove(ctx context.Context, store Store, key string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
	defer cancel()
	if err := store.Remove(ctx, key); err != nil {
		return fmt.Errorf("the copy of the DAGs that the validator was given stays until a lifecycle rule, or you, remove it: %w", err)
	}
	return nil
}

func find(ctx context.Context, signed secret.Value, bundle []byte) *place {
	sum := sha256.Sum256(bundle)
	p := &place{URL: signed.Reveal(), SHA256: hex.EncodeToString(sum[:]), Size: len(bundle)}
	if at, err := url.Parse(p.URL); err == nil {
		if found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", at.Hostname()); err == nil && len(found) > 0 {
			p.Address = found[0].Unmap().String()
		}
	}
	return p
}

// hidden is an error without the URL, which may have come back in words of others: its query is what lets one read.
func hidden(err error, signed secret.Value) error {
	_, query, _ := strings.Cut(signed.Reveal(), "?")
	if err == nil || query == "" || !strings.Contains(err.Error(), query) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), query, signed.String()))
}
