package bundle_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/bundle"
)

// realistic is a tree of DAG files of about 3.9 KiB, the mean of real ones, in folders of 16.
func realistic(n int) store {
	s := store{}
	for i := range n {
		var body strings.Builder
		fmt.Fprintf(&body, "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n\nwith DAG('dag_%d', schedule='%d * * * *'):\n", i, i%60)
		for task := range 35 {
			fmt.Fprintf(&body, "    task_%d = BashOperator(task_id='load_%d_%d', bash_command='echo %d | sort')\n", task, i, i*task%97, i*task)
		}
		s[fmt.Sprintf("team%03d/dag_%05d.py", i/16, i)] = object{body.String(), 1}
	}
	return s
}

// oneChanged is a spool over the last bundle, of which one file changed, and the cache of that bundle.
func oneChanged(b testing.TB, n int) (*bundle.Spool, []byte) {
	s := realistic(n)
	spool, _ := s.gathered(b, nil)
	_, cache := packed(b, spool, bundle.LayoutDags)
	for path, o := range s {
		s[path] = object{o.body + "# changed\n", 2}
		break
	}
	spool, read := s.gathered(b, cache)
	require.Equal(b, 1, read)
	return spool, cache
}

func BenchmarkPack(b *testing.B) {
	dir := b.TempDir()
	pack := func(s *bundle.Spool) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, err := s.Pack(dir, bundle.LayoutDags)
				require.NoError(b, err)
				require.NoError(b, a.Close())
			}
		}
	}
	for _, n := range []int{1000, 5000} {
		whole, _ := realistic(n).gathered(b, nil)
		b.Run(fmt.Sprintf("whole/%d", n), pack(whole))
		changed, _ := oneChanged(b, n)
		b.Run(fmt.Sprintf("one changed/%d", n), pack(changed))
	}
}

func BenchmarkDecodeCache(b *testing.B) {
	_, cache := oneChanged(b, 5000)
	b.SetBytes(int64(len(cache)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := bundle.DecodeCache(cache)
		require.NoError(b, err)
	}
}

func BenchmarkManifest(b *testing.B) {
	spool, _ := realistic(5000).gathered(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		m, err := spool.Manifest(bundle.LayoutDags)
		require.NoError(b, err)
		m.Digest()
	}
}

func BenchmarkNewPlan(b *testing.B) {
	files := realistic(5000).files()
	b.ReportAllocs()
	for b.Loop() {
		_, err := bundle.NewPlan(files, bundle.Rules{Ignore: []string{"__pycache__/", "*.pyc"}})
		require.NoError(b, err)
	}
}

// What one changed file costs, by counts: its own group is compressed, and the others are taken as they are.
func TestPack_oneChangedFileCostsItsGroup(t *testing.T) {
	const n = 5000
	spool, _ := oneChanged(t, n)
	dir := t.TempDir()
	pack := func(s *bundle.Spool) float64 {
		return testing.AllocsPerRun(3, func() {
			a, err := s.Pack(dir, bundle.LayoutDags)
			require.NoError(t, err)
			require.NoError(t, a.Close())
		})
	}
	whole, _ := realistic(n).gathered(t, nil)
	all, one := pack(whole), pack(spool)
	assert.Less(t, all, 12*float64(n), "allocations for each file")
	assert.Less(t, one, all/20, "allocations for one group of some eighty")
}
