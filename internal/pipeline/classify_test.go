package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/dagferry/dagferry/internal/astro"
	"github.com/dagferry/dagferry/internal/pipeline"
)

func TestPlan_whatAFileIsPartOf(t *testing.T) {
	for name, tc := range map[string]struct {
		file string
		want pipeline.Decision
	}{
		"a DAG":                        {"dags/etl.py", pipeline.DagOnly},
		"documentation of a DAG":       {"dags/etl.md", pipeline.DagOnly},
		"an ignore file of Airflow":    {"dags/.airflowignore", pipeline.DagOnly},
		"a test among DAGs":            {"dags/tests/test_a.py", pipeline.DagOnly},
		"a prefix that looks like it":  {"mydags/etl.py", pipeline.ImageOnly},
		"another one":                  {"dags2/etl.py", pipeline.ImageOnly},
		"a folder further down":        {"src/dags/etl.py", pipeline.ImageOnly},
		"another case":                 {"DAGS/etl.py", pipeline.ImageOnly},
		"the Dockerfile":               {"Dockerfile", pipeline.ImageOnly},
		"requirements":                 {"requirements.txt", pipeline.ImageOnly},
		"packages":                     {"packages.txt", pipeline.ImageOnly},
		"a plugin":                     {"plugins/p.py", pipeline.ImageOnly},
		"what DAGs read":               {"include/readme.md", pipeline.ImageOnly},
		".dockerignore":                {".dockerignore", pipeline.ImageOnly},
		"the rest":                     {"dbt/models/a.sql", pipeline.ImageOnly},
		"a package's README":           {"src/README.md", pipeline.ImageOnly},
		"the Deployment":               {"deployments/prod.yaml", pipeline.Configuration},
		"another Deployment":           {"deployments/dev.yaml", pipeline.Nothing},
		"a test":                       {"tests/test_etl.py", pipeline.Nothing},
		"the README":                   {"README.md", pipeline.Nothing},
		"documentation":                {"docs/a.html", pipeline.Nothing},
		"a CI's file":                  {".github/workflows/a.yaml", pipeline.Nothing},
		"how DAGs are bundled":         {"dagferry.yaml", pipeline.DagOnly},
		"what a checkout is made with": {".gitattributes", pipeline.ImageAndDag},
		"spaces":                       {"dags/a b .py", pipeline.DagOnly},
		"quotes":                       {`dags/"a' \.py`, pipeline.DagOnly},
		"a line's end":                 {"dags/a\nb\t.py", pipeline.DagOnly},
		"a line's end before dags":     {"x\ndags/a.py", pipeline.ImageOnly},
		"not UTF-8":                    {"dags/\xff.py", pipeline.DagOnly},
		"umlauts":                      {"dags/übung.py", pipeline.DagOnly},
		"a pattern":                    {"dags/*[a]?.py", pipeline.DagOnly},
		"like an option":               {"--dags/-a.py", pipeline.ImageOnly},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.deploy(astro.TypeImageAndDag, w.head())
			w.change(tc.file)
			p := w.plan()
			assert.Equal(t, tc.want, p.Decision)
			require.Len(t, p.Files, 1)
			assert.Equal(t, tc.file, p.Files[0].Path)
			assert.NotEmpty(t, p.Files[0].Why)
			assert.Empty(t, p.Refused)
		})
	}
}

func TestPlan_renamesDeletionsAndModes(t *testing.T) {
	w := newWorld(t)
	w.deploy(astro.TypeImageAndDag, w.head())

	w.git("mv", "dags/common/dates.py", "include/dates.py")
	w.commit()
	p := w.expect(pipeline.ImageAndDag, "dags/common/dates.py: dags", "include/dates.py: image")
	assert.Equal(t, "D", p.Files[0].Status)
	assert.Equal(t, "A", p.Files[1].Status)

	w.deploy(astro.TypeImageAndDag, w.head())
	require.NoError(t, os.Chmod(filepath.Join(w.dir, "dags/etl.py"), 0o755))
	w.commit()
	assert.Equal(t, "M", w.expect(pipeline.DagOnly, "dags/etl.py: dags").Files[0].Status)

	w.deploy(astro.TypeDagOnly, w.head())
	require.NoError(t, os.Remove(filepath.Join(w.dir, "requirements.txt")))
	w.commit()
	assert.Equal(t, "D", w.expect(pipeline.ImageOnly, "requirements.txt: image").Files[0].Status)
}

func TestPlan_linksLeadToFiles(t *testing.T) {
	w := newWorld(t)
	w.write("lib/dates.py", "1")
	w.write("shared/sql/a.sql", "1")
	require.NoError(t, os.Symlink("../lib", filepath.Join(w.dir, "dags/lib")))
	require.NoError(t, os.Symlink("lib", filepath.Join(w.dir, "dags/again")))
	require.NoError(t, os.Symlink(".", filepath.Join(w.dir, "dags/self")))
	require.NoError(t, os.Symlink("../README.md", filepath.Join(w.dir, "dags/README.md")))
	require.NoError(t, os.Symlink("/dags", filepath.Join(w.dir, "data")), "which leads out of the repository")
	require.NoError(t, os.Symlink("../../dags", filepath.Join(w.dir, "plugins/out")), "which does so too")
	w.commit()
	w.deploy(astro.TypeImageAndDag, w.head())
	w.change("lib/dates.py")
	p := w.expect(pipeline.ImageAndDag, "lib/dates.py: dags, image")
	assert.Contains(t, p.Files[0].Why, "a link makes it dags/")

	w.deploy(astro.TypeImageAndDag, w.head())
	w.change("README.md")
	w.expect(pipeline.DagOnly, "README.md: dags")

	w.deploy(astro.TypeDagOnly, w.head())
	w.change("dags/etl.py")
	w.expect(pipeline.DagOnly, "dags/etl.py: dags")

	w.deploy(astro.TypeDagOnly, w.head())
	require.NoError(t, os.Remove(filepath.Join(w.dir, "dags/lib")))
	require.NoError(t, os.Symlink("../include", filepath.Join(w.dir, "dags/lib")))
	w.commit()
	w.expect(pipeline.DagOnly, "dags/lib: dags")
}

func TestPlan_linksLeadToLinks(t *testing.T) {
	w := newWorld(t)
	w.write("docs/a.md", "1")
	require.NoError(t, os.Symlink("../docs", filepath.Join(w.dir, "tests/docs")))
	require.NoError(t, os.Symlink("../tests/docs", filepath.Join(w.dir, "dags/docs")))
	require.NoError(t, os.Symlink("../dags", filepath.Join(w.dir, "docs/dags")))
	w.commit()
	w.deploy(astro.TypeImageAndDag, w.head())
	w.change("docs/a.md")
	p := w.expect(pipeline.DagOnly, "docs/a.md: dags")
	assert.Equal(t, "a link makes it dags/docs/a.md", p.Files[0].Why)
	w.deploy(astro.TypeDagOnly, w.head())
	w.change("dags/etl.py")
	assert.Equal(t, "in dags/", w.expect(pipeline.DagOnly, "dags/etl.py: dags").Files[0].Why)
}

func TestPlan_submodules(t *testing.T) {
	lib := newWorld(t)
	w := newWorld(t)
	w.git("submodule", "add", "-q", lib.dir, "dags/lib")
	w.git("submodule", "add", "-q", lib.dir, "vendor")
	w.commit()
	w.deploy(astro.TypeImageAndDag, w.head())
	w.expect(pipeline.Nothing)

	lib.change("dags/etl.py")
	w.in(filepath.Join(w.dir, "dags/lib")).git("pull", "-q")
	assert.Equal(t, "dags/lib", w.plan().Dirty[0].Path)
	w.commit()
	w.expect(pipeline.DagOnly, "dags/lib: dags")
	w.in(filepath.Join(w.dir, "vendor")).git("pull", "-q")
	w.commit()
	w.expect(pipeline.ImageAndDag, "dags/lib: dags", "vendor: image")
}

func TestPlan_projectInAFolder(t *testing.T) {
	w := newWorld(t, "  project: teams/air flow")
	w.deploy(astro.TypeImageAndDag, w.head())
	w.change("dags/etl.py")
	w.change("teams/other/Dockerfile")
	p := w.in(filepath.Join(w.dir, "teams/air flow/dags")).expect(pipeline.Nothing, "dags/etl.py: tests-and-docs", "teams/other/Dockerfile: tests-and-docs")
	assert.Equal(t, "teams/air flow", p.Project)
	assert.Contains(t, p.Files[0].Why, "outside of teams/air flow/")
	w.change("teams/air flow/dags/etl.py")
	w.change("teams/air flow/tests/test_a.py")
	w.change("deployments/prod.yaml")
	p = w.plan()
	assert.Equal(t, pipeline.DagOnly, p.Decision)
	assert.Equal(t, "deployments/prod.yaml", p.ConfigurationFile)
	w.change("teams/air flow/requirements.txt")
	assert.Equal(t, pipeline.ImageAndDag, w.plan().Decision)

	w.git("mv", "teams/air flow", "elsewhere")
	w.commit()
	_, err := w.planner().Plan(t.Context(), pipeline.Options{})
	require.ErrorContains(t, err, `there is no folder "teams/air flow" in commit`)
}

func TestPlan_dockerignoreCountsWhereItIsCertain(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  pipeline.Decision
	}{
		"named":                        {map[string]string{".dockerignore": "# c\nnotes\n*.log\n"}, pipeline.Nothing},
		"a DAG all the same":           {map[string]string{".dockerignore": "notes\ndags\n", "dags/etl.py": "2"}, pipeline.DagOnly},
		"the Dockerfile all the same":  {map[string]string{".dockerignore": "notes\nDockerfile\n", "Dockerfile": "FROM x"}, pipeline.ImageOnly},
		"only at the root":             {map[string]string{".dockerignore": "notes\n*.csv\n", "include/a.csv": "2"}, pipeline.ImageOnly},
		"with exceptions":              {map[string]string{".dockerignore": "notes\n!notes/keep.txt\n"}, pipeline.ImageOnly},
		"beside the Dockerfile's own":  {map[string]string{".dockerignore": "notes\n", "Dockerfile.dockerignore": ""}, pipeline.ImageOnly},
		"beside one of other builders": {map[string]string{".dockerignore": "notes\n", ".containerignore": ""}, pipeline.ImageOnly},
		"none":                         {nil, pipeline.ImageOnly},
		"ignored by Airflow, in dags/": {map[string]string{"dags/.airflowignore": "etl", "dags/etl.py": "2"}, pipeline.ImageAndDag},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, file := range []string{".dockerignore", "Dockerfile.dockerignore", ".containerignore", "dags/.airflowignore"} {
				if text, ok := tc.files[file]; ok {
					w.write(file, text)
				}
			}
			w.commit()
			w.deploy(astro.TypeImageAndDag, w.head())
			for file, text := range tc.files {
				w.write(file, text)
			}
			w.write("notes/a.txt", "1")
			w.commit()
			assert.Equal(t, tc.want, w.plan().Decision)
		})
	}
}

func TestQuoted(t *testing.T) {
	for path, want := range map[string]string{
		"dags/a b.py": "dags/a b.py", "dags/übung.py": "dags/übung.py", "it's": "it's",
		"a\nb": `"a\nb"`, `a"b`: `"a\"b"`, "a ": `"a "`, "\x1b[31m": `"\x1b[31m"`, "\xff": `"\xff"`, "a\u202eb": `"a\u202eb"`, `a\b`: `"a\\b"`,
	} {
		assert.Equal(t, want, pipeline.Quoted(path))
	}
}
