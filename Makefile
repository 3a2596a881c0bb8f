# `make check` and `make test` are the two set-up commands of the README. Everything is fetched into the checkout:
# crates by cargo, Z3 into .z3, the CUDA compiler into .cuda, mdbook into target/tools. Nothing is installed on the machine.

SHELL := /bin/bash
CARGO ?= cargo
PYTHON ?= python3
TARGET := $(or $(CARGO_TARGET_DIR),target)

MDBOOK_VERSION := 0.5.4
MDBOOK := $(TARGET)/tools/mdbook-$(MDBOOK_VERSION)/bin/mdbook

# 13.0 writes PTX that drivers of the 580 series load; newer wheels write newer PTX.
CUDA_WHEELS := nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 \
	nvidia-cuda-nvrtc==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85

# The wheel holds the library and headers; building Z3 from source takes far too long. .cargo/config.toml points here.
Z3_WHEEL := z3-solver==5.3.3.0

.PHONY: check test bench docs build fmt lint doc-warnings z3 cuda-compiler help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

check: build ## build for release and check the catalogue for 4 ranks
	$(TARGET)/release/arverify check --ranks 4

test: z3 cuda-compiler ## every test
	$(CARGO) test --workspace --no-fail-fast

bench: z3 ## benchmarks; figures belong in docs/measurements.md, with machine and date
	$(CARGO) bench -p arverify-tests --bench check

docs: z3 $(MDBOOK) ## the book and the API documentation, in target/book and target/doc
	$(MDBOOK) build docs --dest-dir $(abspath $(TARGET))/book
	$(CARGO) doc --workspace --no-deps
	@echo "the book: $(TARGET)/book/index.html    the API: $(TARGET)/doc/arverify_model/index.html"

build: z3 ## both programs, for release
	$(CARGO) build --release --workspace --bins

fmt: ## format
	$(CARGO) fmt --all

lint: z3 ## what .ci/run checks besides the tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings
	$(MAKE) --no-print-directory doc-warnings

doc-warnings: z3
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --workspace --no-deps

$(MDBOOK):
	$(CARGO) install mdbook --version $(MDBOOK_VERSION) --locked --no-default-features --features search \
		--root $(dir $(patsubst %/,%,$(dir $(MDBOOK))))

# Under its final name only once it is whole. Whoever has Z3 5.3 or later installed names its folder in
# Z3_LIBRARY_PATH_OVERRIDE instead, where the loader finds it too.
z3: ## fetch Z3 into .z3, unless Z3_LIBRARY_PATH_OVERRIDE names another
	@if [ -z "$${Z3_LIBRARY_PATH_OVERRIDE:-}" ] && [ ! -e .z3/z3/lib/libz3.so ]; then \
		echo "fetching Z3 into .z3 (about 40 MB)"; \
		partial=$(abspath $(TARGET))/z3-partial; rm -rf "$$partial"; mkdir -p "$$partial"; \
		PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --timeout 30 --retries 2 \
			--target "$$partial/z3" $(Z3_WHEEL) && rm -rf .z3 && mv "$$partial/z3" .z3; \
	fi

# Tests of emitted kernels compile them where there is a compiler, and print SKIPPED where there is none; so a failed
# download must not fail the tests. The wheels go where a virtual environment would put them (a real one needs
# ensurepip, which Debian packages apart), and under their final name only once they are whole.
cuda-compiler: ## fetch a CUDA compiler into .cuda, if none is on PATH or under CUDA_HOME
	@if found=$$(command -v nvcc || ls "$${CUDA_HOME:-/nonexistent}"/bin/nvcc .cuda/lib/python3*/site-packages/nvidia/cu*/bin/nvcc 2>/dev/null | head -n 1) \
		&& [ -n "$$found" ]; then \
		echo "CUDA compiler: $$found"; \
	else \
		echo "fetching a CUDA compiler into .cuda (about 490 MB)"; \
		site=lib/$$($(PYTHON) -c 'import sys; print("python%d.%d" % sys.version_info[:2])')/site-packages; \
		partial=$(abspath $(TARGET))/cuda-partial; rm -rf "$$partial"; mkdir -p "$$partial"; \
		if PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --timeout 30 --retries 2 \
				--target "$$partial/$$site" $(CUDA_WHEELS) \
			&& chmod -R u+w "$$partial" && rm -rf .cuda && mv "$$partial" .cuda; then \
			echo "CUDA compiler: $$(ls .cuda/lib/python3*/site-packages/nvidia/cu*/bin/nvcc)"; \
		else \
			rm -rf "$$partial"; \
			echo "SKIPPED: no CUDA compiler could be fetched: emitted kernels will not be compiled"; \
		fi; \
	fi
