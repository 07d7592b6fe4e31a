package parse

import "slices"

// Level is how deep a check goes. Each one holds those before it.
type Level string

const (
	// LevelSyntax is what CPython's grammar and Airflow's file discovery say.
	LevelSyntax Level = "syntax"
	// LevelRules adds what can be told of a DAG file without running it.
	LevelRules Level = "rules"
	// LevelImport adds what happens when Airflow imports the files; package validator does it.
	LevelImport Level = "import"
)

// Rule is one thing that is looked for. Its page is docs/rules/<ID>.md.
type Rule struct {
	// ID is stable: people configure, filter and ignore by it.
	ID string
	// Name is a few words with hyphens.
	Name string
	// Severity is what a finding does by default. In what Airflow neither reads nor imports, Block is only Warn.
	Severity Severity
	// Level is the one that looks for it.
	Level Level
	// Summary is a sentence without a full stop.
	Summary string
}

// The rules, as Finding.Rule has them: the file itself (1), its imports (2), its DAGs (3), advice (4), and a real
// import (5).
const (
	RuleSyntax     = "DF101"
	RuleEncoding   = "DF102"
	RuleNewer      = "DF103"
	RuleTooComplex = "DF104"
	RuleTooLarge   = "DF105"
	RuleStall      = "DF106"
	RuleCrash      = "DF107"
	RuleArchive    = "DF108"
	RuleIgnoreFile = "DF109"
	RuleHidden     = "DF110"
	RuleNotBundled = "DF111"

	RuleAirflowImport = "DF201"
	RuleLocalImport   = "DF202"
	RulePackageImport = "DF203"

	RuleDagID       = "DF301"
	RuleDagTwice    = "DF302"
	RuleTaskID      = "DF303"
	RuleTaskTwice   = "DF304"
	RuleCron        = "DF305"
	RuleArgument    = "DF306"
	RuleCycle       = "DF307"
	RuleVariable    = "DF401"
	RuleMovingStart = "DF402"
	RuleHeavy       = "DF403"

	// functions/validator (rules.py) has the first three of these, too.
	RuleImportError = "DF501"
	RuleNotFinished = "DF502"
	RuleForbidden   = "DF503"
	RuleUnavailable = "DF504"
	RuleDuplicate   = "DF505"
)

//nolint:gochecknoglobals // a table
var rules = []Rule{
	{RuleSyntax, "syntax", Block, LevelSyntax, "CPython refuses the file"},
	{RuleEncoding, "encoding", Block, LevelSyntax, "CPython cannot decode the file: it is not in the encoding that it declares, or has NUL bytes"},
	{RuleNewer, "newer-syntax", Block, LevelSyntax, "the target's Python does not have this syntax yet"},
	{RuleTooComplex, "too-complex", Block, LevelSyntax, "CPython gives up on the file, for depth or for memory"},
	{RuleTooLarge, "too-large", Block, LevelSyntax, "the file is too large to be a DAG, and was not parsed"},
	{RuleStall, "stalls-parser", Block, LevelSyntax, "parsing the file takes too long"},
	{RuleCrash, "crashes-parser", Block, LevelSyntax, "the file twice killed the process that parsed it"},
	{RuleArchive, "unreadable-zip", Block, LevelSyntax, "the zip, or a module in it, cannot be read"},
	{RuleIgnoreFile, "airflowignore", Block, LevelSyntax, "a line of .airflowignore means nothing to Airflow, or stops it"},
	{RuleHidden, "hidden-dags", Block, LevelRules, ".airflowignore hides every DAG"},
	{RuleNotBundled, "not-bundled", Block, LevelSyntax, "the file cannot be part of a bundle"},

	{RuleAirflowImport, "airflow-import", Block, LevelRules, "the target's Airflow does not have this module or name"},
	{RuleLocalImport, "local-import", Block, LevelRules, "the bundle does not have this module"},
	{RulePackageImport, "package-import", Warn, LevelRules, "the image may not have this module"},

	{RuleDagID, "dag-id", Block, LevelRules, "Airflow refuses this dag_id"},
	{RuleDagTwice, "duplicate-dag-id", Block, LevelRules, "two DAGs have the same dag_id, and one silently wins"},
	{RuleTaskID, "task-id", Block, LevelRules, "Airflow refuses this task_id"},
	{RuleTaskTwice, "duplicate-task-id", Block, LevelRules, "two tasks of a DAG have the same task_id"},
	{RuleCron, "cron", Block, LevelRules, "Airflow cannot read this cron expression"},
	{RuleArgument, "removed-argument", Block, LevelRules, "the target's Airflow does not take this argument"},
	{RuleCycle, "cycle", Warn, LevelRules, "tasks depend on each other in a circle"},
	{RuleVariable, "variable-at-top-level", Warn, LevelRules, "a Variable is read each time the file is parsed"},
	{RuleMovingStart, "moving-start-date", Warn, LevelRules, "start_date is another one each time the file is parsed"},
	{RuleHeavy, "heavy-top-level", Warn, LevelRules, "a slow call is made each time the file is parsed"},

	{RuleImportError, "import-error", Block, LevelImport, "Airflow cannot import the file"},
	{RuleNotFinished, "import-unfinished", Block, LevelImport, "importing the file did not end within its limits"},
	{RuleForbidden, "import-forbidden", Block, LevelImport, "importing the file does what a DAG file must not do"},
	{RuleUnavailable, "validator-unavailable", Block, LevelImport, "the validator did not answer"},
	{RuleDuplicate, "duplicate-imported-dag-id", Block, LevelImport, "two files make DAGs of the same dag_id, and one silently wins"},
}

// Rules lists all of them, by ID.
func Rules() []Rule { return slices.Clone(rules) }

// RuleOf finds a rule by its ID.
func RuleOf(id string) (Rule, bool) {
	for _, r := range rules {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
