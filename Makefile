# What people ask for; CMakeLists.txt knows what is built. `make help` lists the verbs.
PREFIX ?= /usr/local
KAFKA_HOME ?= $(PREFIX)/kafka
ZOOKEEPER_HOME ?= $(PREFIX)/zookeeper
JOBS ?= $(shell nproc)
RUNS ?= 200
TIME ?= 60
packages = tests/tools/packages.sh
# So that another checkout on the same machine finds the same objects.
export CCACHE_BASEDIR = $(CURDIR)
export CCACHE_NOHASHDIR = 1

.DEFAULT_GOAL := build
.PHONY: build demo run test interop check tidy precommit sim soak fuzz bench golden docs fmt install help clean deps-%

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

deps-%:
	@$(packages) $*

build: deps-build ## build/kz, optimised
	@tests/tools/build.sh kz $(JOBS)

demo: build ## the main job on real input, SIGKILL included
	@tests/e2e/demo.sh build/kz

run: build ## kz dev in the foreground
	@exec build/kz dev

test: deps-test ## unit, simulation and end-to-end tests that need Debian's packages alone
	@tests/tools/lane.sh test

interop: deps-interop ## peers from Maven Central, npm, PyPI and Go's module proxy
	@tests/tools/lane.sh interop

check: deps-check ## clang-format, unit and end-to-end tests under the sanitizers, fuzz corpora
	@tests/tools/lane.sh check

tidy: deps-check ## clang-tidy over the sources
	@cmake --preset debug -DBUILD_TESTING=ON > /dev/null && tests/tools/tidy.sh

precommit: deps-test ## formatting, layering, unit tests: a few minutes
	@tests/tools/lane.sh precommit

sim: build ## replay one simulated run: make sim SEED=7
	@cmake --preset release > /dev/null && cmake --build build --target kz_sim -j $(JOBS) && build/tests/kz_sim --seed $(or $(SEED),1) --runs $(or $(RUNS),1)

soak: build ## many simulated runs: make soak RUNS=5000
	@cmake --preset release > /dev/null && cmake --build build --target kz_sim -j $(JOBS) && build/tests/kz_sim --seed $(or $(SEED),1) --runs $(RUNS) --quiet

fuzz: deps-check ## libFuzzer on each parser: make fuzz [T=kafka_request] [TIME=60]
	@tests/tools/fuzz.sh $(TIME) $(T)

bench: deps-test ## the figures, each beside its ceiling in the same run
	@tests/tools/lane.sh bench

golden: deps-interop ## renew the golden data from real peers
	@tests/tools/golden.sh

docs: build ## man pages and completions from the option tables
	@tests/tools/docs.sh build/kz

fmt: deps-check ## clang-format in place
	@git ls-files '*.h' '*.cc' | xargs clang-format-19 -i

install: build ## [PREFIX= KAFKA_HOME= ZOOKEEPER_HOME= DESTDIR=]
	@tests/tools/install.sh build/kz "$(DESTDIR)" "$(PREFIX)" "$(KAFKA_HOME)" "$(ZOOKEEPER_HOME)"

clean: ## remove build/
	@rm -rf build
