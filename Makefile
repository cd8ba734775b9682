# The commands of the house. Each makes what it needs first; a second run finds it there.
.DEFAULT_GOAL := help
.PHONY: help run test check static format bench soak screenshots lock clean

bootstrap = python=$$(infra/tools/find-python) && "$$python" infra/tools/bootstrap.py
bin = .venv/bin
compile = .venvs/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(ARGS)

help: ## show this list
	@echo "Run Ledger. Every command takes ARGS=\"…\"; PYTHON=… chooses another interpreter."
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: ## start the whole system on this machine: site, API, event bus, demo pipelines
	@$(bootstrap) run local-cloud aws
	@exec $(bin)/run-ledger local $(ARGS)

test: ## run every check and every test (ARGS go to pytest), and what reads a clock under others
	@$(bootstrap) test local-cloud aws tools policy opentelemetry airflow orchestrators llm-sdks assistants secret-detectors
	@infra/tools/test-programs
	@$(MAKE) --no-print-directory static
	$(bin)/pytest -n auto --no-loadscope-reorder $(ARGS)
	@$(bin)/python -m tests.support.clocks

check: ## run the quick checks: format, lint, types, import rules, docs, template, JavaScript
	@$(bootstrap) test tools policy
	@$(MAKE) --no-print-directory static
	$(bin)/pytest --quiet -n 2 -m "not local_stack" $(wildcard tests/test_*.py tests/infra/template/test_template*.py) \
		tests/infra/account_checks

static:
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	@infra/tools/check-javascript

format: ## format the code and mend what lint can mend
	@$(bootstrap) test
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

bench: ## measure (ARGS="--only NAME…"); prints a table, writes .run-ledger/bench.json
	@$(bootstrap) test local-cloud aws
	@$(bin)/python -m tests.benchmarks $(ARGS)

soak: ## run the system for an hour and look whether anything grows (ARGS="--minutes N"); writes docs/soak.md
	@$(bootstrap) test local-cloud
	@$(bin)/python -m tests.soak $(ARGS)

screenshots: ## take pictures of every view into docs/screenshots
	@$(bootstrap) test local-cloud
	@$(bin)/python -m tests.screenshots $(ARGS)

lock: ## pin the dependencies of the *.in files anew (ARGS=--upgrade for newer versions)
	@$(bootstrap) lock
	$(compile) backend/requirements.in -o backend/requirements.txt
	$(compile) -c backend/requirements.txt infra/locks/run.in -o infra/locks/run.txt
	$(compile) -c infra/locks/run.txt infra/locks/dashboard.in -o infra/locks/dashboard.txt
	$(compile) -c infra/locks/run.txt -c infra/locks/dashboard.txt infra/locks/test.in -o infra/locks/test.txt
	$(compile) infra/locks/local-cloud.in -o infra/locks/local-cloud.txt
	$(compile) infra/locks/aws.in -o infra/locks/aws.txt
	$(compile) infra/locks/tools.in -o infra/locks/tools.txt
	$(compile) infra/locks/policy.in -o infra/locks/policy.txt
	$(compile) infra/locks/clients/opentelemetry.in -o infra/locks/clients/opentelemetry.txt
	$(compile) infra/locks/lock.in -o infra/locks/lock.txt
	for client in infra/locks/clients/*.in; do $(compile) $$client -o $${client%.in}.txt || exit; done
	npm install --prefix infra/locks/node --package-lock-only --omit-lockfile-registry-resolved --no-audit

clean: ## remove environments, caches and builds; the local ledger's state in .run-ledger stays
	rm -rf .venv .venvs .aws-sam dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
