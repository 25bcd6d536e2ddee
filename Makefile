# Two commands matter: `make run` and `make test`. Each target's line after ## is what `make help` prints.
# Stamps in .venv are newer than the lock they were installed from, so a repeated command installs nothing.

export PYTHON
PORT ?= 8000
SIZES ?= 1000 12700
VENV := .venv
SHORT := $(addprefix tests/test_,$(addsuffix .py,articles building checking cli feedback forwards importing insights input logins \
	rendering search text whoosh))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
.DEFAULT_GOAL := help
.PHONY: help run setup test short bench audit stress evaluate screenshots lock clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: setup ## set up, build the index from content/, serve at http://127.0.0.1:8000 (PORT=8080 for another)
	@$(BIN)/helpcenter index
	@exec $(BIN)/helpcenter serve --port $(PORT)

setup: $(VENV)/.installed ## create .venv and install what the lock file names

test: $(VENV)/.installed-test ## install what the tests need, a browser included, and run linter, type checker and tests
	@.ci/need chromium
	@.ci/need nginx
	@.ci/need postgresql
	@.ci/need opensearch
	@.ci/need model
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

short: $(VENV)/.installed-test ## run the type checker and the quick tests, without browser and servers
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m "not slow and not stress" $(SHORT)

bench: $(VENV)/.installed-test ## print the speed table, rivals in the same run (SIZES="1000 10000 100000")
	@.ci/need wrk
	@$(BIN)/python tests/bench/run.py $(SIZES)
	@$(BIN)/python tests/bench/insights.py

stress: $(VENV)/.installed-test ## run the slow attacks: kills, load, soak, fuzzing
	@.ci/need chromium
	$(BIN)/python -m pytest -s -m stress
	@$(BIN)/python tests/stress/load.py
	@.ci/need nginx
	@$(BIN)/python tests/stress/fronts.py
	@.ci/need opensearch
	@$(BIN)/python tests/stress/outages.py
	@.ci/need opensearch-security
	@$(BIN)/python tests/stress/permissions.py
	@$(BIN)/python tests/stress/hostile.py
	@$(BIN)/python tests/stress/growth.py
	@$(BIN)/python tests/stress/fuzz_http.py 1800
	@$(PIP) --no-deps atheris==3.0.0
	@$(BIN)/python tests/stress/fuzz.py

audit: $(VENV)/.installed-test ## list licences, write an SBOM, look up known vulnerabilities, measure pages and saved copy in a browser (SETS="folder …")
	@.ci/need chromium
	@$(BIN)/pip-licenses --format=markdown --order=license
	@mkdir -p instance
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
		--output-reproducible -o instance/sbom.json && echo "SBOM: instance/sbom.json"
	@$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip
	@$(BIN)/python tests/bench/audit.py
	@$(BIN)/python tests/bench/pocket.py $(SETS)

evaluate: setup ## judge the search on the queries of tests/judgements/
	@$(BIN)/helpcenter index --quiet
	@for set in own a; do echo "$$set"; $(BIN)/helpcenter evaluate --judgements tests/judgements/$$set.tsv; done
	@for set in b c d; do echo "$$set"; $(BIN)/helpcenter evaluate --judgements tests/judgements/$$set.tsv --totals; done

screenshots: $(VENV)/.installed-test ## take the pictures in docs/images/ anew
	@.ci/need chromium
	@$(BIN)/python tests/bench/screenshots.py

lock: $(VENV)/.installed ## write the lock files anew from pyproject.toml
	@$(PIP) uv
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url \
		pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url \
		--all-extras -c requirements.lock pyproject.toml -o requirements-test.lock

clean: ## remove everything that was built or installed
	rm -rf $(VENV) instance dist build .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/bin/python:
	@.ci/need venv $(VENV)

# --use-pep517: jieba comes as source and pip would warn about building it the old way. Without setuptools, as with
# Python 3.12, jieba saves 0.1 s and a warning at every start; nothing else here wants it.
$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "安装依赖 …"
	@$(PIP) --use-pep517 --require-hashes -r requirements.lock
	@$(PIP) --no-deps --editable .
	@$(BIN)/python -m pip -qq uninstall --yes setuptools
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	@echo "安装测试所需 …"
	@$(PIP) --use-pep517 --require-hashes -r requirements-test.lock
	@touch $@
