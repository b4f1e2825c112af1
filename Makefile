# Short names for what one does every day. Two of them need nothing but a Debian machine and root or sudo: `make demo`, `make test`.
#   JOBS=n          parallel jobs (default: all cores)
#   BENCH=name      one benchmark
#   SOAK_SECONDS=n  length of the random tests of `make soak`, behind all the rest
#   FUZZ_SECONDS=n  length of `make fuzz`, for each target
#   CHAOS_KILLS=n   kills of `make chaos`, on each backend
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
SOAK_SECONDS ?= 3600
FUZZ_SECONDS ?= 60
CHAOS_KILLS ?= 1000
BENCH ?=
PYTHON ?= python3

# ccache, when it is there: results are shared by all copies of the project.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := pch_defines,time_macros
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)
export CTEST_PARALLEL_LEVEL := $(JOBS)

RUN_TESTS = $(PYTHON) tools/run_tests.py --jobs $(JOBS)
# gcc 12's ThreadSanitizer cannot cope with the widest address randomisation of newer kernels.
FIXED_ADDRESSES = $(shell setarch -R true 2>/dev/null && echo setarch -R)

.PHONY: all help deps build demo test quick check format bench soak fuzz chaos asan tsan clang install clean deps-build deps-test

all: build

help:
	@echo "make demo     install what is missing, build, run the demo"
	@echo "make test     install what is missing, build, run every test"
	@echo "make build    release build of the library and cloacinactl in build/release"
	@echo "make quick    the tests that take seconds        make check   layers, style, format: no build"
	@echo "make asan     all tests with ASan and UBSan      make tsan    the concurrent tests with TSan"
	@echo "make clang    build with clang, without warnings make format  apply clang-format"
	@echo "make bench    benchmarks (BENCH=name for one)    make soak    random tests with new seeds, a server under load (SOAK_SECONDS=3600)"
	@echo "make fuzz     libFuzzer over everything that reads input (FUZZ_SECONDS=60 for each target)"
	@echo "make chaos    real processes killed at every point, starved and misled, and a judge (CHAOS_KILLS=1000)"
	@echo "make install  into PREFIX (/usr/local)           make deps    everything any of these needs"

deps: deps-test
deps-build:
	@tools/deps.sh build
deps-test:
	@tools/deps.sh build test

build: deps-build
	cmake --preset release
	cmake --build --preset release

demo: deps-build
	cmake --preset release
	cmake --build --preset release --target cloacinactl
	PATH="$(CURDIR)/build/release/bin:$$PATH" examples/inventory/demo.sh

test: deps-test
	cmake --preset dev
	cmake --build --preset dev
	$(RUN_TESTS) dev

quick: deps-test
	cmake --preset dev
	cmake --build --preset dev
	$(RUN_TESTS) dev -- -LE 'slow|package|compile'

check: deps-test
	$(PYTHON) tools/check_layers.py
	$(PYTHON) tools/check_style.py
	tools/check_format.sh

format: deps-test
	tools/check_format.sh --apply

asan: deps-test
	cmake --preset asan
	cmake --build --preset asan
	$(RUN_TESTS) asan

tsan: deps-test
	cmake --preset tsan
	$(FIXED_ADDRESSES) cmake --build --preset tsan
	$(FIXED_ADDRESSES) $(RUN_TESTS) tsan

clang: deps-test
	cmake --preset clang
	cmake --build --preset clang

bench: deps-test
	cmake --preset release -DCLOACINA_BENCH=ON
	cmake --build --preset release
	mkdir -p build/bench
	$(PYTHON) tools/pg_server.py run --durable -- build/release/bin/cloacina_bench $(BENCH)

soak: deps-test
	cmake --preset dev
	cmake --build --preset dev
	tools/soak.sh $(SOAK_SECONDS)
	cmake --preset release -DCLOACINA_BENCH=ON
	cmake --build --preset release --target cloacina_bench
	$(PYTHON) tools/pg_server.py run --durable -- build/release/bin/cloacina_bench old_snapshot

fuzz: deps-test
	cmake --preset fuzz
	cmake --build --preset fuzz
	tools/fuzz.sh $(FUZZ_SECONDS)

chaos: deps-test
	cmake --preset dev
	cmake --build --preset dev
	tools/chaos.sh $(CHAOS_KILLS)

install: build
	cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
