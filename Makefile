# `make demo`, `make test` and `make bench` need nothing before them. CARGO_TARGET_DIR counts.

TARGET := $(or $(CARGO_TARGET_DIR),target)
SANDBOX := bwrap=bubblewrap git=git bash=bash
ARGS ?=

CONSOLE := console/dist/index.html

.PHONY: build console demo test test-faults bench check bless

build: console
	cargo build --workspace

# The web console, which the program then has in it. A debug build reads it from there.
console: $(CONSOLE)

$(CONSOLE): console/node_modules/.package-lock.json $(shell find console/src console/public console/scripts -type f) \
		console/index.html console/vite.config.ts console/tsconfig.json console/schema.graphql
	cd console && npm run build

console/node_modules/.package-lock.json: console/package.json console/package-lock.json
	@scripts/need node=nodejs npm=npm
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || { echo "The console needs Node 20 or newer: https://nodejs.org"; exit 1; }
	cd console && npm ci --no-progress

demo:
	@scripts/need $(SANDBOX)
	@command -v npm >/dev/null && $(MAKE) --no-print-directory console || echo "Without Node the demo has no console."
	@cargo build -p gantry -p gantry-testkit --bin gantry --bin demo
	@$(TARGET)/debug/demo $(ARGS)

# Unit, golden, contract and end-to-end tests, on SQLite and on a PostgreSQL that they start.
test:
	@scripts/need $(SANDBOX) nft=nftables ip=iproute2 initdb=postgresql chromium=chromium
	@$(MAKE) --no-print-directory console
	cargo test --workspace --no-fail-fast $(ARGS)

# For an hour or more: each point of a run kills once and twice, and KILLS times somebody is killed by
# chance, on each database.
test-faults:
	@scripts/need $(SANDBOX) nft=nftables ip=iproute2 initdb=postgresql
	FAULT_POINTS=$(or $(FAULT_POINTS),all) FAULT_KILLS=$(or $(KILLS),300) FAULT_ABSENCES=30 \
	    cargo test -p gantry --test it faults:: -- --nocapture --test-threads=1 $(ARGS)

bench:
	@scripts/need $(SANDBOX)
	@cargo build --release -p gantry -p gantry-testkit --bin gantry --bin bench
	@$(TARGET)/release/bench $(ARGS)

# What needs no run of the code.
check:
	cargo fmt --check
	@$(MAKE) --no-print-directory console/node_modules/.package-lock.json && cd console && npm run check
	cargo clippy --workspace --all-targets -- --deny warnings
	@command -v cargo-deny >/dev/null || { echo "Licences are not checked: cargo install cargo-deny"; exit 1; }
	cargo deny check bans licenses

# Rewrites the golden files; read the difference before it goes in.
bless:
	BLESS=1 cargo test --workspace $(ARGS)
