package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro/astrotest"
	"github.com/dagferry/dagferry/internal/bundle"
)

// author writes into the bucket at random and keeps a log: every state that the bucket ever had. It writes one object
// after the other, so that the log's order is the bucket's.
type author struct {
	*stage
	random *rand.Rand
	files  map[string]string
	// held are the states that the bucket had, by their digest.
	held   map[string]moment
	writes int
}

// moment is a state of the bucket.
type moment struct {
	// half is a state between two writes that belong together, broken one that Python cannot read.
	half, broken bool
}

func newAuthor(s *stage, seed uint64) *author {
	return &author{stage: s, random: rand.New(rand.NewPCG(seed, 1)), files: map[string]string{}, held: map[string]moment{}}
}

const brokenCode = "import airflow.dag\n\ndef broken(:\n"

func (a *author) put(name, body string) {
	a.Helper()
	a.upload(name, body)
	a.files[name] = body
	a.log(false)
}

func (a *author) remove(name string) {
	a.Helper()
	_, err := a.s3.DeleteObject(a.Context(), &s3.DeleteObjectInput{Bucket: &a.dags, Key: aws.String("prod/dags/" + name)})
	require.NoError(a, err)
	delete(a.files, name)
	a.log(false)
}

// pair replaces two files that belong together, as far as a bucket knows that: one right after the other.
func (a *author) pair() {
	a.Helper()
	version := fmt.Sprintf("VERSION = %d\n", a.random.IntN(1e9))
	a.upload("pair/x.py", version)
	a.files["pair/x.py"] = version
	a.log(a.files["pair/y.py"] != version)
	a.put("pair/y.py", version)
}

// log notes what the bucket holds now. A state that was whole once stays so.
func (a *author) log(half bool) {
	a.writes++
	broken := slices.Contains(slices.Collect(maps.Values(a.files)), brokenCode)
	digest := a.digest()
	if was, known := a.held[digest]; known {
		half = half && was.half
	}
	a.held[digest] = moment{half, broken}
}

func (a *author) digest() string {
	var entries []bundle.Entry
	for name, body := range a.files {
		sum := sha256.Sum256([]byte(body))
		entries = append(entries, bundle.Entry{Path: name, Size: int64(len(body)), SHA256: hex.EncodeToString(sum[:])})
	}
	return bundle.NewManifest(bundle.LayoutDags, entries).Digest()
}

// digestOf is the digest of what a deploy brought.
func digestOf(files []astrotest.LiveFile) string {
	var entries []bundle.Entry
	for _, f := range files {
		entries = append(entries, bundle.Entry{Path: f.Path, Size: f.Size, SHA256: f.SHA256})
	}
	return bundle.NewManifest(bundle.LayoutDags, entries).Digest()
}

// act does the next thing, and says how long it is idle then.
func (a *author) act() time.Duration {
	a.Helper()
	name := fmt.Sprintf("team%d/dag_%02d.py", a.random.IntN(3), a.random.IntN(10))
	switch a.random.IntN(10) {
	case 0:
		if len(a.files) > 5 {
			a.remove(slices.Sorted(maps.Keys(a.files))[a.random.IntN(len(a.files))])
		}
	case 1:
		a.put(name, brokenCode)
		time.Sleep(time.Duration(a.random.IntN(3000)) * time.Millisecond)
		a.put(name, "X = 0\n") // noticed, and mended
	case 2, 3:
		a.pair()
	case 4:
		a.put("data/rates.csv", strings.Repeat(fmt.Sprintf("%d,EUR,USD\n", a.random.IntN(1e6)), 20_000))
	case 5:
		for i := range 20 {
			a.put(fmt.Sprintf("burst/%02d.py", i), fmt.Sprintf("X = %d\n", a.random.IntN(1e6)))
		}
	default:
		a.put(name, fmt.Sprintf("X = %d\n", a.random.IntN(4))) // often what it was
	}
	return time.Duration(a.random.IntN(2000)) * time.Millisecond
}

// mend leaves what Python can read.
func (a *author) mend() {
	a.Helper()
	for name, body := range maps.Clone(a.files) {
		if body == brokenCode {
			a.put(name, "X = 0\n")
		}
	}
	a.put("last.py", "X = 1\n")
}
