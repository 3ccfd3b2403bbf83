# Everything a person needs: `make demo` and `make test` set up what they need by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STORY := fixtures/second-amended-note/default-and-acceleration

# durable-rules 2.0.28 calls a C function that Python 3.13 took away under its old name.
ifeq ($(shell $(PYTHON) -c "import sys; print(sys.version_info >= (3, 13))"),True)
export CPPFLAGS += -DPyEval_CallObject=PyObject_CallObject
endif

PACKS ?= rules/second-amended-note rules/instalment-note rules/revolving-note
SEED ?= 1
COUNT ?= 100

.PHONY: demo test check lint types mutate bench bench-large goldens schemas pictures template docs check-external clean

$(BIN)/checker: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.test: $(BIN)/checker
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

demo: $(BIN)/checker ## sets up and checks one story of the note (it ends in a breach: exit code 1)
	@$(BIN)/checker check rules/second-amended-note $(STORY)/facts.csv; \
	code=$$?; echo "exit code $$code"; test $$code -eq 1

test: $(VENV)/.test ## sets up and runs the tests
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

check: lint types test ## lint, types and tests

mutate: $(VENV)/.test ## changes the rules a little, SEED=… COUNT=… times a pack; cases or lint must notice
	$(BIN)/python -m tests.mutation $(PACKS) --seed $(SEED) --count $(COUNT)

bench: $(VENV)/.test ## measures; the figures go to the terminal; BENCH=… are options of bench.run
	$(BIN)/python -m bench.run $(BENCH)

bench-large: $(VENV)/.test ## the same portfolio as large as 1,000,000 facts, then 10,000,000 by batch alone
	$(BIN)/python -m bench.run --part portfolio --contracts 20000 --facts 1000000 --patience 60
	$(BIN)/python -m bench.run --part portfolio --contracts 200000 --facts 10000000 --no-rivals

goldens: $(VENV)/.test ## writes the golden reports anew; read the difference
	$(BIN)/python -m tests.stories

schemas: $(BIN)/checker ## writes the schemas that editors use for the files of packs anew
	$(BIN)/checker schema --output rules/.schema

check-external: $(VENV)/.test ## checks what needs more than Python: an editor's language server, a browser, an office, SARIF's own validator
	$(BIN)/python -m pytest tests/external

pictures: $(VENV)/.test ## draws the pictures that the README shows
	$(BIN)/python -m docs.picture

template: $(VENV)/.test ## makes the Word template of the legal report anew
	$(BIN)/python -m docs.word_template

docs: $(VENV)/.test ## builds the guide into site/; what its commands print is written anew first
	$(BIN)/python -m docs.update
	$(BIN)/python -m mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) .external site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
