# make help lists the targets. Tools and virtual environments live in .cache/, which git ignores.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE := $(CURDIR)/.cache

MINIO_VERSION := v0.0.0-20260212201848-7aac2a2c5b7c
GOLANGCI_VERSION := v2.15.0
export DAGFERRY_MINIO ?= $(CACHE)/bin/minio-$(MINIO_VERSION)
TOXIPROXY_VERSION := v2.12.0
export DAGFERRY_TOXIPROXY ?= $(CACHE)/bin/toxiproxy-$(TOXIPROXY_VERSION)
export DAGFERRY_ENGINES ?= $(CACHE)/engines
GOLANGCI := $(CACHE)/bin/golangci-lint-$(GOLANGCI_VERSION)
MOTO := $(CACHE)/venv/moto/installed
PEERS := $(CACHE)/venv/peers/installed $(CACHE)/bin/bench-minio
TFLINT_VERSION := v0.64.0
TERRAFORM_DOCS_VERSION := v0.20.0
CHECKOV_VERSION := 3.3.30
export TFLINT := $(CACHE)/bin/tflint-$(TFLINT_VERSION)
export TERRAFORM_DOCS := $(CACHE)/bin/terraform-docs-$(TERRAFORM_DOCS_VERSION)
export CHECKOV := $(CACHE)/venv/checkov-$(CHECKOV_VERSION)/bin/checkov
SYMBOLS := $(CACHE)/venv/symbols/installed
AIRFLOWS := $(CACHE)/venv/airflow-plain-2.11.2/installed $(CACHE)/venv/airflow-plain-3.3.2/installed
LAMBDARIC := $(CACHE)/lambdaric/installed
PYTEST := $(CACHE)/venv/pytest/installed
ACTIONLINT_VERSION := v1.7.12
ACT_VERSION := v0.2.89
TEMPLATES := $(CACHE)/bin/actionlint-$(ACTIONLINT_VERSION) $(CACHE)/venv/templates/installed
export ACT := $(CACHE)/bin/act-$(ACT_VERSION)
REPORTS := $(CACHE)/schema/report/junit-10.xsd $(CACHE)/venv/report/installed
TOOLS := $(DAGFERRY_MINIO) $(DAGFERRY_TOXIPROXY) $(MOTO) $(AIRFLOWS) $(LAMBDARIC) $(REPORTS) $(PYTEST) $(TEMPLATES) $(DAGFERRY_ENGINES)/installed

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## the main job on this machine, no account needed (CLOUD=gcp for the other cloud, KEEP=1 leaves it running)
	go run ./cmd/dagferry demo $(if $(CLOUD),--cloud $(CLOUD)) $(if $(KEEP),--keep)

# One package more at a time than there are processors: some wait for servers.
.PHONY: test
test: tools ## all tests, against real servers
	go test -p $$(($$(getconf _NPROCESSORS_ONLN) + 1)) -timeout 20m ./...

.PHONY: race
race: tools ## the tests of what runs side by side, with the race detector
	go test -race ./internal/syncer/... ./internal/state/... ./internal/bundle/... ./internal/local/... ./functions/...

.PHONY: agree
agree: tools ## what only real Airflows can say: which files of 600 trees they read, and what importing their own examples brings
	go test ./internal/parse -v -run 'agreesWithAirflow|agreesWithImports' -listings 600 -pairs one
	go test ./internal/parse/validator/interpreter -v -run agreesWithADagBag -examples

.PHONY: e2e-pipeline
e2e-pipeline: tools ## repositories with branches and with a bucket, and those of docs/strategies, from the command line, with real images: shows each output
	go test ./cmd/dagferry -v -count=1 -run 'TestPipeline|TestStrategies' -played

.PHONY: sim
sim: ## 100,000 simulated schedules of the protocol (make test plays 2,000)
	go test ./internal/sim -v -run 'TestSimulation|TestCrashPoints' -sim.schedules 100000 -timeout 30m

.PHONY: mutants
mutants: ## leave each rule of the protocol out, and see the tests notice
	go test -tags mutants ./internal/sim -v -run 'TestMutant' -timeout 30m

.PHONY: soak
soak: tools ## twenty minutes of authors, killed functions and broken connections, and up to twenty for the last message (docs/soak.md)
	go test ./functions/s3sync -v -run 'TestSoak' -soak 20m -soak.report $(CURDIR)/docs/soak.md -timeout 1h

.PHONY: bench
bench: $(PEERS) ## a deploy beside what people do today, with 100 and 1,000 files (docs/performance.md)
	go run ./bench

.PHONY: bench-full
bench-full: $(PEERS) ## the same with up to 20,000 files, an hour on a machine that does nothing else; go run ./bench -doc tells it
	go run ./bench -sizes 100,1000,5000,20000 -once 2m

.PHONY: bench-tools
bench-tools: $(PEERS) ## what is measured beside dagferry

.PHONY: lint
lint: $(GOLANGCI) ## gofmt, go vet and the linters of .golangci.yml
	$(GOLANGCI) run ./...

.PHONY: generate
generate: ## what is made of the types: schema/dagferry.schema.json
	go generate ./internal/config

.PHONY: symbols
symbols: $(SYMBOLS) ## what can be imported from each Airflow: internal/parse/symbols/data (ten to forty minutes; go doc ./internal/tools/symbols)
	go run ./internal/tools/symbols -cache $(CACHE)

.PHONY: imports-agree
imports-agree: $(SYMBOLS) ## the example DAGs of four versions, imported by later ones, against the rules (make agree does one pair)
	for v in 2.7.3 2.11.2 3.1.8 3.3.2; do scripts/install-airflow $$v $(CACHE)/venv/airflow-plain-$$v; done
	go test ./internal/parse -v -run TestCheck_agreesWithImports -pairs all

.PHONY: tf
tf: $(TFLINT) $(TERRAFORM_DOCS) $(CHECKOV) ## the Terraform modules and examples: format, validity, tests, lints, docs
	scripts/tf

.PHONY: docs
docs: $(TERRAFORM_DOCS) ## what is written anew from the sources: the tables in the modules' READMEs
	scripts/tf-docs

.PHONY: package
package: ## the functions' packages, in dist/ (VERSION= names them otherwise than git describe)
	go run ./internal/tools/pack -out dist -cmd ./functions/s3sync -name s3sync -source ./functions/gcssync $(if $(VERSION),-version $(VERSION))

.PHONY: package-check
package-check: ## packages: the same bytes elsewhere, bills of materials, and the Cloud Run function's archive built as the platform does, with nothing fetched
	go test ./internal/tools/pack -v -run 'TestPackage_|TestBom_|TestSource_' -products

.PHONY: release
release: clean ## all that people install, from a tree without changes: packages, command line, bills of materials, checksums
	go run ./internal/tools/pack -out dist -release

.PHONY: reproducible
reproducible: ## the release twice, in two folders with empty build caches: the same bytes (a quarter of an hour)
	go test ./internal/tools/pack -v -run TestRelease_sameBytesElsewhere -release -timeout 60m

.PHONY: templates
templates: $(TEMPLATES) ## the CI files: what they hold, actionlint, the schemas of their providers (a part of make test)
	go test ./templates -v

.PHONY: act
act: $(ACT) ## the GitHub workflow and action, run by act against the simulator of Astro
	go test ./cmd/dagferry -v -run 'TestAct$$' -act

.PHONY: ci
ci: lint test agree e2e-pipeline race package package-check demo-check act tf ## everything that has to pass

.PHONY: demo-check
demo-check: ## both demos, for programs: they fail unless what is live is what the bucket holds
	go run ./cmd/dagferry demo --json
	go run ./cmd/dagferry demo --json --cloud gcp

.PHONY: tools
tools: ## what the tests need, built or installed once: some are built, while others come over the network
	@$(MAKE) --silent --question $(TOOLS) || $(MAKE) --no-print-directory --jobs=4 $(TOOLS)

$(DAGFERRY_MINIO):
	scripts/build-minio $(MINIO_VERSION) $@
	ln -sf $(@F) $(CACHE)/bin/minio

$(DAGFERRY_TOXIPROXY):
	GOBIN=$(CACHE)/bin/tmp go install github.com/Shopify/toxiproxy/v2/cmd/server@$(TOXIPROXY_VERSION)
	mv $(CACHE)/bin/tmp/server $@
	ln -sf $(@F) $(CACHE)/bin/toxiproxy

$(DAGFERRY_ENGINES)/installed: scripts/install-engines
	scripts/install-engines $(@D)

$(GOLANGCI):
	GOBIN=$(CACHE)/bin/tmp go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(CACHE)/bin/tmp/golangci-lint $@

$(CACHE)/bin/actionlint-$(ACTIONLINT_VERSION):
	scripts/build-tool github.com/rhysd/actionlint/cmd/actionlint $(ACTIONLINT_VERSION) $@
	ln -sf $(@F) $(CACHE)/bin/actionlint

$(ACT):
	scripts/build-tool github.com/nektos/act $(ACT_VERSION) $@

$(TFLINT):
	scripts/build-tool github.com/terraform-linters/tflint $(TFLINT_VERSION) $@

$(TERRAFORM_DOCS):
	scripts/build-tool github.com/terraform-docs/terraform-docs $(TERRAFORM_DOCS_VERSION) $@

$(CHECKOV):
	python3 -m venv --clear $(CACHE)/venv/checkov-$(CHECKOV_VERSION)
	$(@D)/pip install --quiet --disable-pip-version-check checkov==$(CHECKOV_VERSION)

$(MOTO): internal/local/moto/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

$(CACHE)/schema/report/junit-10.xsd: scripts/report-schemas
	scripts/report-schemas $(@D)

$(CACHE)/venv/report/installed: internal/report/testdata/readers.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

$(CACHE)/venv/templates/installed: templates/testdata/validators.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

$(CACHE)/venv/peers/installed: bench/peers/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

$(CACHE)/bin/bench-minio: bench/peers/minio/main.go bench/peers/minio/go.sum
	cd bench/peers/minio && CGO_ENABLED=0 go build -trimpath -o $@ .

# AWS's client of the Runtime API for Python, in the version that the validator's image has for Lambda.
$(LAMBDARIC): functions/validator/Dockerfile
	rm -rf $(@D)
	python3.11 -m pip install --quiet --disable-pip-version-check --target $(@D) $$(grep -o 'awslambdaric==[0-9.]*' $<) && touch $@

# pytest beside an Airflow, without a copy of it.
$(PYTEST): internal/pytest/testdata/requirements.txt $(CACHE)/venv/airflow-plain-3.3.2/installed
	python3.11 -m venv --clear $(@D)
	realpath $(CACHE)/venv/airflow-plain-3.3.2/lib/python3.11/site-packages > $(@D)/lib/python3.11/site-packages/airflow.pth
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $< && touch $@

$(SYMBOLS): internal/tools/symbols/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $< && touch $@

# All that a plain install brings, to ask a real Airflow what it reads and imports.
$(CACHE)/venv/airflow-plain-%/installed: $(SYMBOLS) internal/tools/symbols/versions.txt
	scripts/install-airflow $* $(@D) && touch $@

.PHONY: clean
clean: ## remove what was built, but not the tools
	rm -rf dist
