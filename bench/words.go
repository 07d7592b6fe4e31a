package main

// vocabulary is what the generated files talk about.
type vocabulary struct {
	teams, domains, stages, verbs, nouns, attributes, words []string
}

func newVocabulary() *vocabulary {
	return &vocabulary{
		teams: []string{
			"growth", "finance", "logistics", "risk", "marketing", "platform", "support", "pricing",
			"fraud", "search", "catalog", "payments", "people", "analytics", "mobility", "ads",
		},
		domains: []string{"orders", "customers", "inventory", "invoices", "campaigns", "sessions", "shipments", "ledger"},
		stages:  []string{"ingest", "staging", "marts", "export", "quality"},
		verbs: []string{
			"load", "extract", "merge", "export", "snapshot", "backfill", "reconcile", "enrich", "validate", "publish",
			"aggregate", "sync", "score", "dedupe", "archive", "rotate",
		},
		nouns: []string{
			"orders", "customers", "refunds", "invoices", "sessions", "clicks", "shipments", "tariffs", "campaigns", "balances",
			"accounts", "tickets", "vendors", "prices", "segments", "events", "payouts", "returns", "visits", "quotas",
			"contracts", "devices", "locations", "budgets",
		},
		attributes: []string{
			"id", "created_at", "updated_at", "status", "amount", "currency", "country", "channel", "source", "owner",
			"region", "quantity", "discount", "tax_rate", "batch", "checksum", "valid_from", "valid_to", "score", "tier",
			"external_ref", "is_active", "row_hash", "warehouse", "priority", "attempts", "locale", "device", "referrer", "plan",
		},
		words: []string{
			"the", "upstream", "table", "is", "late", "on", "Mondays", "because", "vendor", "sends", "corrections", "after", "closing",
			"rows", "are", "keyed", "by", "business", "date", "and", "not", "arrival", "do", "change", "without", "telling",
			"reporting", "team", "partition", "pruning", "needs", "this", "filter", "to", "stay", "simple", "we", "retry", "twice",
			"then", "page", "someone", "duplicates", "were", "seen", "in", "March", "so", "merge", "keeps", "latest", "version",
			"only", "cost", "grows", "with", "history", "window", "a", "full", "refresh", "takes", "hours", "use", "backfill", "job",
			"instead", "timezone", "local", "warehouse", "column", "may", "be", "null", "until", "migration", "ends", "see", "runbook",
			"for", "details", "nobody", "reads", "legacy", "feed", "since", "dashboard", "moved", "quota", "limits", "parallel", "loads",
		},
	}
}
