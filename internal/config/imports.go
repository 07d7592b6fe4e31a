package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/dagferry/dagferry/internal/parse"
)

// LevelImport is check.level where DAGs are imported.
const LevelImport = string(parse.LevelImport)

var (
	// functionARN is a Lambda function of any partition, or a version or alias of one.
	functionARN = regexp.MustCompile(`^arn:aws(-[a-z]+)*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?$`)
	// setting is NAME=value.
	setting = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=[^\x00]*$`)
)

// imports checks the keys of the level import.
func (d *document) imports(c Check, key string) {
	const remedy = "write the ARN of the validator's Lambda function, or the https:// address of its Cloud Run service"
	switch {
	case c.Validator == "" && c.Level == LevelImport:
		d.wrong(key+".validator", "the level import needs one; "+remedy)
	case c.Validator != "" && !functionARN.MatchString(c.Validator) && !isService(c.Validator):
		d.wrong(key+".validator", remedy)
	}
	if c.OnUnavailable != "block" && c.OnUnavailable != "warn" {
		d.wrong(key+".onUnavailable", "write block or warn")
	}
	for i, s := range c.Environment {
		if !setting.MatchString(s) {
			d.wrong(fmt.Sprintf("%s.environment[%d]", key, i), "write NAME=value, such as AIRFLOW_VAR_STAGE=test")
		}
	}
}

// isService reports whether something is an https address; on this machine http will do.
func isService(address string) bool {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return false
	}
	ip, err := netip.ParseAddr(at.Hostname())
	return at.Scheme == "https" || at.Scheme == "http" && (at.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}

// Variables are the settings of Environment by their names.
func (c Check) Variables() map[string]string {
	all := map[string]string{}
	for _, s := range c.Environment {
		name, value, _ := strings.Cut(s, "=")
		all[name] = value
	}
	return all
}
