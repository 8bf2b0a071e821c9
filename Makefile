# The two commands are `make run` and `make test`; each installs what it needs first (Debian, Ubuntu).
# CARGO_TARGET_DIR is honoured by all of them.

# What `make run` gives to the server, for example: make run ARGS='--room lobby'; and `make test-clients`,
# `make fuzz` and the benchmarks to their harnesses: make bench ARGS='calm --rounds 5'
ARGS ?=

.PHONY: help run build test dist deb test-dist test-durability test-clients fuzz bench bench-window bench-replay pictures icons man fmt clean

help:
	@echo 'make run     build chatroom and start a room on this machine: the server here, and a window'
	@echo "             where there is a display (ARGS='--room lobby' gives the server arguments)"
	@echo 'make build   build the executable: target/release/chatroom, or below CARGO_TARGET_DIR'
	@echo 'make test    run everything that must pass before a change goes in'
	@echo 'make dist    build the one file that is downloaded: dist/chatroom-VERSION-x86_64-linux and SHA256SUMS'
	@echo 'make test-dist   try that file on other systems: nothing but a folder, bare Debians; as root, some minutes'
	@echo 'make test-clients   real clients from PyPI and npm, direct and through four proxies: some two minutes, with the registries'
	@echo 'make test-durability   kills, lost answers, stalled listeners, failing disks: some minutes, alone'
	@echo "make fuzz    any bytes as any kind of log (ARGS='--seconds 600 irssi'); some ten minutes, with crates.io"
	@echo "make bench   measure this server beside others (ARGS='--help' says what there is); some 20 minutes, alone"
	@echo "make bench-window   measure the window beside HexChat (ARGS='--help'); some 10 minutes, alone"
	@echo "make bench-replay   measure replay beside cut, grep and ripgrep (ARGS='--help'); some 10 minutes, alone"
	@echo 'make pictures   look at the page of a log in a browser, and take the pictures in docs and assets anew'
	@echo 'make icons   draw the icon in its sizes from assets/icon.svg'
	@echo 'make deb     make the Debian package of the downloaded file, below dist'
	@echo 'make man     write the manual and the completions anew, after a change of flags or of man/parts'
	@echo 'make fmt     format the code'
	@echo 'make clean   remove what was built; logs and settings stay'

build:
	@scripts/setup.sh build
	cargo build --release --locked

run:
	@scripts/setup.sh run
	cargo build --release --locked
	@scripts/run.sh $(ARGS)

test:
	@scripts/setup.sh test
	@scripts/test.sh

dist:
	@scripts/setup.sh build
	@scripts/dist.sh

test-dist:
	@scripts/test-dist.sh

test-durability:
	@scripts/test-durability.sh

test-clients:
	@scripts/test-clients.sh $(ARGS)

fuzz:
	@scripts/fuzz.sh $(ARGS)

bench:
	@scripts/setup.sh bench
	cargo bench --locked --bench fanout -- $(ARGS)

bench-window:
	@scripts/setup.sh bench
	cargo bench --locked --bench window -- $(ARGS)

bench-replay:
	@scripts/setup.sh bench
	cargo bench --locked --bench replay -- $(ARGS)

pictures:
	@scripts/setup.sh pictures
	@scripts/pictures.sh
	@scripts/pictures-replay.sh

icons:
	@scripts/icons.sh

man:
	CHATROOM_RENEW=1 cargo test --quiet --locked --lib manual::generated

deb: dist
	@scripts/deb.sh

fmt:
	cargo fmt --all

clean:
	cargo clean
