# Every target sets up what it needs in .venv, once; a second run does none of it again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_STAMP := $(VENV)/.stamp-demo
DEV_STAMP := $(VENV)/.stamp-dev

# make demo SERIES=folder, make bench SERIES=folder, make gpu-check SERIES=folder: a folder of your own instead of the samples
SERIES ?=
# make gpu-check ONLY="tests kernels": some steps of it; RESULTS=folder: where its benchmarks write
ONLY ?=
RESULTS ?=
TEST_PROCESSES ?= 2
ON_HOST = $(BIN)/python -m pytest -n $(TEST_PROCESSES) -p tests.cuda_on_host -m gpu

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo bench test cuda-on-host gpu-check lint type clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

demo: $(DEMO_STAMP)  ## load the sample series, or SERIES=folder, and leave a volume and a picture in demo-output
	$(BIN)/python demo/demo.py $(if $(SERIES),"$(SERIES)")

bench: $(DEMO_STAMP)  ## time the demo's CT, or SERIES=folder, beside a pydicom loop
	$(if $(SERIES),,$(BIN)/python demo/phantom.py demo-output/phantom)
	$(BIN)/hdgpu bench $(if $(SERIES),"$(SERIES)",demo-output/phantom)

test: lint type  ## lint, types, layers, all tests, and those of reading that need a CUDA device on one of the host
	$(BIN)/python -m pytest -n $(TEST_PROCESSES)
	$(ON_HOST) tests/cuda_on_host tests/codecs tests/frames tests/image

cuda-on-host: $(DEV_STAMP)  ## all tests that need a CUDA device, on one of the host below the real CuPy
	$(ON_HOST) tests

lint: $(DEV_STAMP)  ## ruff and the layers of the packages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

type: $(DEV_STAMP)  ## mypy, strict
	$(BIN)/mypy

gpu-check:  ## all that needs a CUDA device, with PYTHON as it is: installs nothing
	$(PYTHON) benchmarks/gpu_check.py $(ONLY) $(if $(SERIES),--series "$(SERIES)") $(if $(RESULTS),--results "$(RESULTS)")

clean:  ## remove what was built, cached and written; keeps .venv
	rm -rf build dist demo-output .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf hdgpu.egg-info
	find hdgpu tests demo -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version) \
		if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

# Two stamps: the demo does without the development tools, torch above all.
COMPILED := $(wildcard compiled/*)

$(DEMO_STAMP): pyproject.toml $(COMPILED) | $(BIN)/python
	@echo "Setting up $(VENV) for the demo, once."
	$(BIN)/python -m pip install --quiet --editable . pydicom-data
	touch $@

$(DEV_STAMP): pyproject.toml $(COMPILED) | $(BIN)/python
	@echo "Setting up $(VENV) with the development tools, once: some minutes, torch is large."
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@ $(DEMO_STAMP)
