package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func added(r *results, way string, files int, in string, seconds float64, t tally) {
	c := rowOf(&r.Rows, way, files, in)
	for _, s := range []float64{seconds * 2, seconds, seconds / 2} {
		c.add(usage{wall: time.Duration(s * float64(time.Second)), memory: 100e6, worker: 20e6}, t)
	}
}

func TestJudge_holdsTheRowsToTheBars(t *testing.T) {
	r := &results{}
	added(r, "dagferry", 5000, cold, 2, tally{Get: 5001})
	added(r, "dagferry", 5000, oneChangeCold, 0.5, tally{Get: 4, List: 12, Put: 5, Record: 1})
	added(r, "dagferry", 5000, warm, 0.5, tally{Get: 5, List: 12, Put: 5, Record: 1})
	added(r, "boto3-32", 5000, cold, 9, tally{})
	added(r, "boto3-32", 5000, oneChangeCold, 9, tally{})
	added(r, "rclone", 5000, warm, 3, tally{})
	met := map[string]bool{}
	for _, b := range r.judge() {
		met[b.Bar] = b.Met
	}
	assert.Equal(t, map[string]bool{
		"1. cold, × boto3 with 32 threads": true,
		"1. cold, HEADs":                   true,
		"2. one change on a cold instance, × boto3 with 32 threads": false,
		"3. warm, × warm rclone":                                    true,
		"4. one file changed, one-change-cold":                      true,
		"4. one file changed, warm":                                 false,
		"5. peak memory, function and interpreter":                  true,
	}, met)
}

func TestTooSlow_goesByTheSizeBefore(t *testing.T) {
	b := &bench{sizes: []int{1000, 5000, 20000}}
	added(&b.results, "boto3-loop", 5000, cold, 300, tally{})
	loop := way{name: "boto3-loop"}
	assert.False(t, b.tooSlow(loop, 5000))
	assert.True(t, b.tooSlow(loop, 20000))
	over, is := b.results.over("boto3-loop", 20000)
	assert.True(t, is)
	assert.InDelta(t, 900, over, 0)
}

func TestBetween(t *testing.T) {
	got, err := between("a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n", "x", "new\n")
	require.NoError(t, err)
	assert.Equal(t, "a\n<!-- bench:x -->\n\nnew\n\n<!-- /bench:x -->\nb\n", got)
	_, err = between("a", "x", "new")
	assert.Error(t, err)
}
