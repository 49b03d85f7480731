# `make` builds the release binary; `make demo`, `make test` and `make bench` need nothing before
# them. Cargo's own target folder is used, so CARGO_TARGET_DIR counts everywhere.

TARGET := $(or $(CARGO_TARGET_DIR),target)
SANDBOX := bwrap=bubblewrap git=git bash=bash
ARGS ?=

.PHONY: build demo test bench check bless

build:
	cargo build --release --bin gantry

demo:
	@scripts/need $(SANDBOX)
	@cargo build -p gantry -p gantry-testkit --bin gantry --bin demo
	@$(TARGET)/debug/demo $(ARGS)

# Unit, golden, contract and end-to-end tests, on SQLite and on a PostgreSQL that they start.
test:
	@scripts/need $(SANDBOX) nft=nftables initdb=postgresql
	cargo test --workspace $(ARGS)

bench:
	@scripts/need $(SANDBOX)
	@cargo build --release -p gantry -p gantry-testkit --bin gantry --bin bench
	@$(TARGET)/release/bench $(ARGS)

# Everything that must hold before a change goes in, in the order of what fails soonest.
check:
	cargo fmt --check
	cargo clippy --workspace --all-targets -- --deny warnings
	$(MAKE) test

# Rewrites the golden files; read the difference before it goes in.
bless:
	BLESS=1 cargo test --workspace $(ARGS)
