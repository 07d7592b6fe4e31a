package parse

import (
	"fmt"
	"regexp"
	"strings"
)

// packages are what the target's image has beside Airflow, as far as it is known.
type packages struct {
	known         bool            // somebody said what the image has
	modules       map[string]bool // that may be imported: importable names at the top
	distributions map[string]bool // by normalized name
}

// newPackages reads the lines of a requirements.txt or of pip freeze. nil says that nobody knows.
func newPackages(lines, brought []string) packages {
	p := packages{known: lines != nil, modules: map[string]bool{}, distributions: map[string]bool{}}
	for _, name := range brought {
		p.modules[name] = true
	}
	for _, line := range lines {
		name := distribution(line)
		if name == "" {
			continue
		}
		p.distributions[name] = true
		for _, module := range modulesOf(name) {
			p.modules[module] = true
		}
	}
	return p
}

var (
	requirement = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*`)
	egg         = regexp.MustCompile(`[#&]egg=([A-Za-z0-9._-]+)`)
	separators  = regexp.MustCompile(`[-_.]+`)
)

// distribution is the normalized name in a line of a requirements.txt (PyPA's "Names and normalization"), "" for none.
func distribution(line string) string {
	line = strings.TrimSpace(line)
	name := requirement.FindString(line)
	if found := egg.FindStringSubmatch(line); found != nil {
		name = found[1]
	} else if strings.Contains(line, "://") && !strings.Contains(line, "@") || strings.HasPrefix(line, "-") {
		return ""
	}
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

// modulesOf guesses what a distribution is imported as: by its name, but for some that many use.
func modulesOf(name string) []string {
	if known := importedAs[name]; known != "" {
		return strings.Fields(known)
	}
	plain := strings.ReplaceAll(name, "-", "_")
	first, _, _ := strings.Cut(plain, "_")
	return []string{plain, first, strings.TrimPrefix(plain, "python_"), strings.TrimSuffix(plain, "_python")}
}

//nolint:gochecknoglobals // a table
var importedAs = map[string]string{
	"attrs": "attr attrs", "beautifulsoup4": "bs4", "confluent-kafka": "confluent_kafka", "dbt-core": "dbt", "elasticsearch-dsl": "elasticsearch_dsl",
	"gitpython": "git", "kafka-python": "kafka", "markdown": "markdown", "msal-extensions": "msal_extensions", "mysqlclient": "MySQLdb",
	"mysql-connector-python": "mysql", "opencv-python": "cv2", "opencv-python-headless": "cv2", "pillow": "PIL", "protobuf": "google",
	"psycopg2-binary": "psycopg2", "pycryptodome": "Crypto", "pygithub": "github", "pyjwt": "jwt", "pymongo": "pymongo bson gridfs",
	"pyopenssl": "OpenSSL", "pyserial": "serial", "python-dateutil": "dateutil", "python-dotenv": "dotenv", "python-jose": "jose",
	"python-slugify": "slugify", "pywin32": "win32api", "pyyaml": "yaml", "pyzmq": "zmq", "ruamel-yaml": "ruamel", "scikit-learn": "sklearn",
	"scikit-image": "skimage", "setuptools": "setuptools pkg_resources", "snowflake-connector-python": "snowflake",
	"snowflake-snowpark-python": "snowflake", "snowflake-sqlalchemy": "snowflake", "slack-sdk": "slack_sdk", "cx-oracle": "cx_Oracle",
	"azure-storage-blob": "azure", "databricks-sdk": "databricks", "databricks-sql-connector": "databricks", "astronomer-cosmos": "cosmos",
	"great-expectations": "great_expectations", "faust-streaming": "faust", "apache-beam": "apache_beam", "dnspython": "dns",
	"python-telegram-bot": "telegram", "facebook-business": "facebook_business", "ldap3": "ldap3", "python-ldap": "ldap",
	"levenshtein": "Levenshtein", "python-levenshtein": "Levenshtein", "pycurl": "pycurl", "pynacl": "nacl", "zope-interface": "zope",
}

// shadows reports whether the image may have a package of the name of a folder in the bundle. The image's comes first.
func (p packages) shadows(top string) bool { return p.modules[top] }

// missing is what the image may not have of an import. Of what is not the standard library's, nothing is said while
// nobody said what the image has.
func (p packages) missing(module string, python int) string {
	top, _, _ := strings.Cut(module, ".")
	if gone, standard := stdlib()[top]; standard {
		if gone > python || python == 0 || p.modules[top] {
			return ""
		}
		return fmt.Sprintf("Python 3.%d has no module %s (removed in 3.%d)", python, top, gone)
	}
	if !p.known || p.modules[top] {
		return ""
	}
	return fmt.Sprintf("neither Airflow nor check.packages brings %s: the image may lack it", top)
}

// providers is the package that all providers are in, and what their distributions are called.
const (
	providers         = "airflow.providers."
	providersPackages = "apache-airflow-providers-"
)

// missingProvider is the provider that an import wants and nobody brings.
func (p packages) missingProvider(module string) string {
	wanted, is := strings.CutPrefix(module, providers)
	if !p.known || !is {
		return ""
	}
	for name := range p.distributions {
		if provider, is := strings.CutPrefix(name, providersPackages); is {
			if provider = strings.ReplaceAll(provider, "-", "."); wanted == provider || strings.HasPrefix(wanted, provider+".") {
				return ""
			}
		}
	}
	return fmt.Sprintf("neither Airflow nor check.packages brings the provider of %s: the image may lack it", module)
}
