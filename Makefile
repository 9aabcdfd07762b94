# `make demo` and `make test` set up everything on a fresh machine and are quick the second time.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test security fuzz test-all test-soak test-chaos bench compare lint coverage clean

demo: $(VENV)/.installed
	@$(BIN)/hotd demo $(DEMO)

test: $(VENV)/.installed-test
	@$(BIN)/python -m pytest $(TEST)

# What takes minutes: the tests marked soak, which are left out of every other run.
test-soak: $(VENV)/.installed-test
	@$(BIN)/python -m pytest --soak -m soak -o faulthandler_timeout=0 $(TEST)

# Ten minutes of everything that may happen to a daemon; a seed that fails is printed, and CHAOS_SEED repeats it.
# FRESH_SEEDS=1 make test draws what every other test draws anew, too.
test-chaos: $(VENV)/.installed-test
	@FRESH_SEEDS=1 CHAOS_SECONDS=$${CHAOS_SECONDS:-600} SAVES_SECONDS=$${SAVES_SECONDS:-60} \
	  $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/chaos/test_chaos.py tests/chaos/test_saves.py

# The three supported Pythons, each in an environment of its own.
test-all:
	@for v in 3.11 3.12 3.13; do \
	  echo "== Python $$v"; \
	  $(MAKE) --no-print-directory test PYTHON=python$$v VENV=.venv-$$v || exit 1; \
	done

# The bounds of the loader's cost, side by side with what they are compared to: some minutes.
bench: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -p no:randomly -o faulthandler_timeout=0 -o timeout=1800 tests/bench/bench_*.py $(BENCH)

# The same beside other engines, in an environment of their own, written to BENCHMARKS.md: half an hour. hmr needs 3.12.
COMPARE_PYTHON ?= python3.13
compare:
	@$(MAKE) --no-print-directory $(VENV)-compare/.installed-engines PYTHON=$(COMPARE_PYTHON) VENV=$(VENV)-compare
	-@$(MAKE) --no-print-directory bench VENV=$(VENV)-compare BENCH="-q --rows $(VENV)-compare/rows.json"
	@$(VENV)-compare/bin/python -m tests.bench.engines.compare BENCHMARKS.md --rows $(VENV)-compare/rows.json

$(VENV)/.installed-engines: $(VENV)/.installed-test
	@for engine in jurigged ipython hmr liveimport; do $(PIP) install $$engine || echo "no $$engine" >&2; done
	@touch $@

# SECURITY.md's table of attacks, from the tests that show what comes of them; they alone: pytest -m attack.
security: $(VENV)/.installed-test
	@$(BIN)/python -m tests.attacks

# A million mutated frames against a daemon, and ten minutes of coverage-guided fuzzing of both decoders.
fuzz: $(VENV)/.installed-test
	@FRESH_SEEDS=1 FUZZ_SECONDS=$${FUZZ_SECONDS:-600} $(BIN)/python -m pytest --soak -o faulthandler_timeout=0 \
	  tests/fuzz tests/rpc/attacks/test_mutants.py $(TEST)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=daemon:ctl $(BIN)/lint-imports --config .importlinter

# core and contract are pure: every branch of theirs is a test of a few milliseconds, so none is left out.
coverage: $(VENV)/.installed-test
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -q tests/unit tests/contract
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report --include='daemon/hotd/core/*,daemon/hotd/contract/*' --fail-under=100

clean:
	rm -rf .venv .venv-3.* .venv-compare .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@echo "making the environment $(VENV) with $$($(PYTHON) --version)" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "installing hotd into $(VENV) (once)" >&2
	@$(PIP) install -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	@echo "installing hotd and what its tests need into $(VENV) (once)" >&2
	@$(PIP) install -e '.[test]'
	@touch $@ $(VENV)/.installed
