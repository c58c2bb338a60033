# The doors of the house. CMake does the work; this names it.
#
#     make run       build, and run the main example
#     make test      everything that CI runs
#     make torture-long   kills and faults by the hour: HOURS=1 SEED=...
#     make boot      the Debian package under systemd, in a machine that is booted for it
#     make bench     beside other tools on this machine
#     make install   into PREFIX (/usr/local)
#     make deb       the Debian package, in build/

PACKAGES := gcc cmake ninja-build pkg-config libc6-dev libuv1-dev libyaml-dev libsqlite3-dev \
            libzstd-dev libisal-dev libpcre2-dev libmicrohttpd-dev sqlite3
DEB_PACKAGES := dpkg-dev lintian
TEST_PACKAGES := check clang zstd strace faketime systemd groff-base zsh fish prometheus $(DEB_PACKAGES)
BOOT_PACKAGES := qemu-system-x86 debootstrap e2fsprogs
DEV_PACKAGES := clang-format clang-tidy valgrind gdb time miller mawk
PREFIX ?= /usr/local
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
JOBS := $(shell nproc)

.PHONY: all run test torture-long boot bench install deb deb-twice deps test-deps dev-deps format docs clean release

all: release

# Installs those packages of $(1) that are missing, by name.
define need
	@missing=$$(for package in $(1); do \
	    dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || echo $$package; \
	done); \
	if [ -n "$$missing" ]; then \
	    echo "installing:" $$missing; \
	    $(SUDO) apt-get update -q >/dev/null && \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -q -y --no-install-recommends $$missing >/dev/null; \
	fi
endef

deps:
	$(call need,$(PACKAGES))

test-deps:
	$(call need,$(PACKAGES) $(TEST_PACKAGES))

dev-deps:
	$(call need,$(PACKAGES) $(TEST_PACKAGES) $(BOOT_PACKAGES) $(DEV_PACKAGES))

release: deps
	@cmake --preset release >build-release.log 2>&1 || { cat build-release.log; exit 1; }
	@cmake --build build/release --target sluice >>build-release.log 2>&1 || { cat build-release.log; exit 1; }
	@rm -f build-release.log

run: release
	@build/release/sluice run config/examples/access-errors.yaml
	@echo
	@echo "Three days of gzipped Apache logs became the table 'errors' in access-errors.db: try  sqlite3 access-errors.db 'SELECT * FROM errors'"
	@echo "Next: build/release/sluice new my-graph, then  build/release/sluice run my-graph.yaml"

# Warnings are errors with both compilers; processes are killed in a fast build (tests/faults);
# the threaded parts run under TSan; then everything under ASan and UBSan, whose summary stands
# last.
test: test-deps
	cmake --preset clang >/dev/null && cmake --build build/clang
	ctest --test-dir build/clang -L "faults|daemon" --output-on-failure -j $(JOBS)
	cmake --preset tsan >/dev/null && cmake --build build/tsan --target test_runner test_crew
	ctest --test-dir build/tsan -R "unit.test_(runner|crew)" --output-on-failure
	cmake --preset asan >/dev/null && cmake --build build/asan
	ctest --test-dir build/asan --output-on-failure -j $(JOBS)

HOURS ?= 1
torture-long: test-deps
	cmake --preset clang >/dev/null && cmake --build build/clang --target fault_tests test_simulation test_mutations
	tests/faults/long.sh build/clang $(HOURS) $(SEED)

# Not in `make test`: it makes a Debian of the mirror that apt is configured with, once, and boots it
# in QEMU, which takes ten minutes where it has to do without KVM.
boot: deb
	$(call need,$(BOOT_PACKAGES))
	$(SUDO) tests/boot.sh build/deb/sluice_*.deb build/boot

bench: release
	tests/bench/run.sh build/release/sluice

install: deps
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	cmake --build build/release --target sluice
	cmake --install build/release

# Times inside are those of the last commit, so that one source gives one file.
deb: deps
	$(call need,$(DEB_PACKAGES))
	cmake --preset deb >/dev/null && cmake --build build/deb --target sluice
	packaging/deb/pack.sh build/deb
	lintian --fail-on error,warning build/deb/*.deb

# Two builds in two directories, one of them with another name, are the same bytes.
deb-twice: deb
	packaging/deb/twice.sh build/deb

docs: release
	build/release/sluice stages --markdown >docs/stages.md

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build
