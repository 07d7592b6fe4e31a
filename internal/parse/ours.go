package parse

import (
	"fmt"
	"slices"
	"strings"
)

// unlessInstalled is why an absolute import that the bundle cannot serve only warns: its first part may be meant as a package
// of the image, which comes first on the path. "snowflake" is a folder for Snowflake's DAGs more often than a package.
func (g *graph) unlessInstalled(zip string, dots int, top string) string {
	if dots > 0 || g.ours[top] || g.isPackage(zip, top) && !isFamous(top) {
		return ""
	}
	return fmt.Sprintf("unless the image has a package %s, which comes first", top)
}

// isPackage reports whether a top name is a folder with an __init__.py.
func (g *graph) isPackage(zip, top string) bool {
	return slices.ContainsFunc(g.named[place{zip, top}], func(m *module) bool { return m.name == top+"/__init__.py" }) || zip != "" && g.isPackage("", top)
}

// knowOurs lists the top names that something of the bundle is imported by: those are no package of the image.
func (g *graph) knowOurs() {
	g.ours = map[string]bool{}
	for _, m := range g.all {
		for _, i := range m.imports {
			dots, name, taken := i.parts()
			top, _, below := strings.Cut(name, ".")
			if dots == 0 && (below && g.isModule(m.zip, name) || taken != "" && g.isModule(m.zip, name+"."+taken)) {
				g.ours[top] = true
			}
		}
	}
}

// isFamous reports whether many images have a package of this name.
func isFamous(top string) bool {
	if slices.Contains(famous, top) {
		return true
	}
	for distribution := range importedAs {
		if slices.Contains(modulesOf(distribution), top) {
			return true
		}
	}
	return false
}

// famous are packages that folders of DAGs are named after.
//
//nolint:gochecknoglobals // a table
var famous = []string{
	"airbyte", "boto3", "braintree", "databand", "datadog", "datahub", "delta", "docker", "duckdb", "elasticsearch", "feast", "fivetran", "gitlab",
	"googleads", "h3", "hubspot", "jira", "kubernetes", "meltano", "minio", "mlflow", "neo4j", "newrelic", "numpy", "openai", "openlineage", "oracledb",
	"pandas", "polars", "prefect", "presto", "prometheus_client", "psycopg", "pyspark", "ray", "redis", "redshift_connector", "salesforce", "segment",
	"sendgrid", "sentry_sdk", "shopify", "simple_salesforce", "slack", "soda", "spark", "sqlmesh", "stripe", "superset", "tableau", "tableauserverclient",
	"tensorflow", "torch", "transformers", "trino", "twilio", "vertica", "wandb", "xgboost", "zendesk",
}
