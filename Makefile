# Each target makes the environment it needs first; the second time that takes no time and no network.
# MODEL=path.gguf lets demo and up serve a file of yours.  PYTHON=/path/to/python3 chooses the interpreter.

.DEFAULT_GOAL := help
.PHONY: help demo up run down build test lint bench proto tidy

ENSURE := sh deploy/install/ensure.sh
BIN := .venv/bin
export MODEL
WITH_MODEL := $${MODEL:+--model "$$MODEL"}

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

demo: run-ready model-ready ## start a network of three, watch two epochs and one answered prompt, stop it
	@$(BIN)/meshkeeper devnet demo $(WITH_MODEL)

up: run-ready model-ready ## start the network and keep it running in the background
	@$(BIN)/meshkeeper devnet up $(WITH_MODEL)

run: up ## the same as up

down: run-ready ## stop the network that up started
	@$(BIN)/meshkeeper devnet down

build: run-ready ## install everything a network needs, start nothing

test: lint model-ready ## lint, then run every test: side by side, and whole networks one after the other
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --ignore tests/system
	@$(BIN)/python -m pytest tests/system

lint: dev-ready ## check the contract, the code's form and the types
	@cd proto && ../$(BIN)/buf lint
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary

bench: dev-ready model-ready ## measure against the limits; one row with only=NAME
	@$(BIN)/python -m tests.bench $(only)

proto: dev-ready ## generate the code of the contract again
	@$(BIN)/python proto/generate.py

tidy: dev-ready ## format the code, fix what can be fixed, pin the requirements again
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@for name in run dev llama model; do \
	    if [ $$name = llama ]; then alone=--no-deps; else alone=; fi; \
	    $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $$alone \
	        requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

.PHONY: run-ready dev-ready model-ready
run-ready:
	@$(ENSURE) run
dev-ready:
	@$(ENSURE) dev
model-ready: run-ready
	@[ -n "$$MODEL" ] || $(ENSURE) model
