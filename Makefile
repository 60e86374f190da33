# One word for each chore; .venv, .packaging, .ministack and .clients are built when first needed, and anew when what
# they hold changes.

PYTHON ?= python3
MINISTACK := 1.5.33

VENV := .venv/.built
STRICTER := .ministack/.built-$(MINISTACK)
CLIENTS := .clients/.built
PACKAGING := .packaging/.built
BIN := .venv/bin
PACKER := .packaging/bin/python

# Not for the recipes' own Python: another project's settings must not change what is built here. Nor may the
# caller's settings keep it from writing bytecode, since pip writes none.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

# Everything is pinned, so pip need not look for what else is wanted; and Python compiles what is imported, and no
# more. The pinned pip is twice as fast as many that come with Python.
INSTALL := -m pip install --disable-pip-version-check --no-compile --no-deps
BUILDERS = $$(grep -E '^(pip|setuptools|wheel)==' requirements-package.txt)

.PHONY: run test check bench package deploy destroy

run: $(VENV)  ## the whole stack on this machine: make run PORT=8001
	@exec $(BIN)/python -m chalicelib.local

# `test` and `check` are one thing under two names: what is not checked is not tested.
test: check

check: $(VENV) $(STRICTER) $(CLIENTS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

# What is measured runs here, so its zip is made for this machine, beside the one for AWS.
bench: $(VENV) $(PACKAGING)
	$(PACKER) -m infra.package --architecture native --target build/native
	$(BIN)/python -m tests.bench

package: $(PACKAGING)
	$(PACKER) -m infra.package

# Both read what is wanted from the environment, where make puts what is said after their names.
deploy: $(PACKAGING)
	@$(PACKER) -m infra.deploy

destroy: $(PACKAGING)
	@$(PACKER) -m infra.destroy

define build
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Wakeful needs Python 3.11 or later: make PYTHON=python3.12, say."; exit 1; }
@echo "Building $(1); this takes about half a minute, once."
$(PYTHON) -m venv --clear $(1)
$(1)/bin/python $(INSTALL) $(BUILDERS)
$(1)/bin/python $(INSTALL) --no-build-isolation -r $(2)
@touch $@
endef

$(VENV): requirements.txt requirements-package.txt requirements-dev.txt
	$(call build,.venv,requirements-dev.txt)

$(PACKAGING): requirements.txt requirements-package.txt
	$(call build,.packaging,requirements-package.txt)

# A published client for tests/clients. It wants older releases than ours, so it lives by itself.
$(CLIENTS): requirements-clients.txt
	$(call build,.clients,requirements-clients.txt)

# A second, stricter DynamoDB for the storage tests. It wants another botocore, so it lives by itself.
$(STRICTER):
	@echo "Building .ministack, once."
	$(PYTHON) -m venv --clear .ministack
	.ministack/bin/pip install --disable-pip-version-check --no-compile ministack==$(MINISTACK)
	@touch $@
