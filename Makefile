# The two main commands are `make run` and `make test`; each first installs what it needs (Debian, Ubuntu).
# All of them honour CARGO_TARGET_DIR.

# Arguments that `make run` passes to the server, for example: make run ARGS='--room lobby'; and `make
# test-clients`, `make fuzz` and the benchmarks to their harnesses: make bench ARGS='calm --rounds 5'
ARGS ?=

.PHONY: help run build test dist deb test-dist test-durability test-clients fuzz bench bench-window bench-replay pictures icons man drawing fmt clean

help:
	@echo 'make run     build chatroom and open a room on this machine: the server here, and a window'
	@echo "             if there is a display (ARGS='--room lobby' passes arguments to the server)"
	@echo 'make build   build the executable: target/release/chatroom, or below CARGO_TARGET_DIR'
	@echo 'make test    run everything that must pass before a change goes in'
	@echo 'make dist    build the file to download: dist/chatroom-VERSION-x86_64-linux and SHA256SUMS'
	@echo 'make test-dist   test that file on other systems: an empty folder, bare Debians; as root, some minutes'
	@echo 'make test-clients   test real clients from PyPI and npm, direct and through four proxies; some two minutes, online'
	@echo 'make test-durability   test kills, lost answers, stalled listeners, failing disks; some minutes, on an idle machine'
	@echo "make fuzz    test any bytes as any kind of log (ARGS='--seconds 600 irssi'); some ten minutes, online"
	@echo "make bench   compare this server with others (ARGS='--help' lists the options); some 20 minutes, on an idle machine"
	@echo "make bench-window   compare the window with HexChat (ARGS='--help'); some 10 minutes, on an idle machine"
	@echo "make bench-replay   compare replay with cut, grep and ripgrep (ARGS='--help'); some 10 minutes, on an idle machine"
	@echo 'make pictures   take the pictures in docs and assets again'
	@echo 'make icons   draw all sizes of the icon from assets/icon.svg'
	@echo 'make deb     build the Debian package, in dist'
	@echo 'make man     generate the manual and the completions, after a change of flags or of man/parts'
	@echo 'make drawing   draw the modules in ARCHITECTURE.md anew, from the imports'
	@echo 'make fmt     format the code'
	@echo 'make clean   remove build products; logs and settings stay'

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
	@scripts/setup.sh test
	@scripts/pictures.sh
	@scripts/pictures-replay.sh

icons:
	@scripts/icons.sh

man:
	CHATROOM_RENEW=1 cargo test --quiet --locked --lib manual::generated

deb: dist
	@scripts/deb.sh

drawing:
	CHATROOM_RENEW=1 cargo test --quiet --locked --test house drawing

fmt:
	cargo fmt --all

clean:
	cargo clean
