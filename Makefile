# What one does daily, as commands. `make` alone prints the list.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

.PHONY: help setup demo guest web web-check web-tour test chaos soak security lint fmt docs bench clean-state

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Look for what is missing on this machine and install it
	@scripts/setup

web: ## Build the web app into web/dist, where the server takes it from
	@scripts/web --need

web-check: web ## Check the web app: types, tests, size, and journeys in a browser against a real server
	cargo build --package swarm
	@scripts/web check

web-tour: web ## Take the pictures of the book's page on the web app again
	cargo build --package swarm
	@scripts/web tour

demo: setup ## Build swarm and watch it turn examples/textstat/spec.md into merged code
	@scripts/web
	cargo build --package swarm
	@scripts/demo

guest: ## Build the program that runs inside microVMs
	@scripts/guest

test: ## Run everything that must hold before a change is merged
	@scripts/test

chaos: ## Kill builds at every position of their journals, simulate, and try faults
	@scripts/chaos

soak: ## Make and kill sandboxes at random for SOAK_MINUTES (10), and look for what they leave
	@scripts/soak

security: ## Check the door: who comes in, limits, TLS, and every route as nobody, a viewer and an admin
	@scripts/security

lint: ## Run the checks that need no running program: format, clippy, dependencies, scripts, docs
	@scripts/test lint

fmt: ## Format the code
	cargo fmt --all

docs: ## Build the book and the API documentation
	@scripts/test docs
	@echo "book: docs/book/index.html    API: $(CARGO_TARGET_DIR)/doc/swarm_domain/index.html"

bench: ## Run the measurements in bench/
	@scripts/bench

clean-state: ## Delete what demos and tests left in this folder: .swarm/ and the test database
	@scripts/stop-test-postgres
	rm -rf .swarm "$(CARGO_TARGET_DIR)/test-postgres"
