# One word for each chore; .venv, .ministack and .clients are built when first needed, and anew when what they hold
# changes.

PYTHON ?= python3
MINISTACK := 1.5.33

VENV := .venv/.built
STRICTER := .ministack/.built-$(MINISTACK)
CLIENTS := .clients/.built
BIN := .venv/bin

# Not for the recipes' own Python: another project's settings must not change what is built here.
unexport PYTHONPATH PYTHONHOME

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

bench: package
	$(BIN)/python -m tests.bench

package: $(VENV)
	$(BIN)/python infra/package.py

# Both read what is wanted from the environment, where make puts what is said after their names.
deploy: $(VENV)
	@$(BIN)/python -m infra.deploy

destroy: $(VENV)
	@$(BIN)/python -m infra.destroy

$(VENV): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Wakeful needs Python 3.11 or later: make PYTHON=python3.12, say."; exit 1; }
	@echo "Building .venv; this takes about a minute, once."
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# A second, stricter DynamoDB for the storage tests. It wants another botocore, so it lives by itself.
$(STRICTER):
	@echo "Building .ministack, once."
	$(PYTHON) -m venv --clear .ministack
	.ministack/bin/pip install --disable-pip-version-check ministack==$(MINISTACK)
	@touch $@

# A published client for tests/clients. It wants older releases than ours, so it lives by itself.
$(CLIENTS): requirements-clients.txt
	@echo "Building .clients, once."
	$(PYTHON) -m venv --clear .clients
	.clients/bin/pip install --disable-pip-version-check -r requirements-clients.txt
	@touch $@
