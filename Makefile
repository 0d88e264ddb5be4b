# Dockfill. `make demo` shows it, `make test` proves it, `make help` lists the rest.

SHELL       := /bin/sh
GO          ?= go
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     := -X dockfill/packaging/version.text=$(VERSION)
KILLS       ?= 100
SCANS       ?= 10000
SOAK        ?= 10m
HISTORIES   ?= 100000
FUZZ        ?= 100000
BENCH       ?= .
PERCENT     ?= 100
HOURS       ?= 10000
SEED        ?= 1
DEMO_FLAGS  ?=

.PHONY: help build test test-vm cross bench crash soak fuzz check sim sim-disk mutation retail demo clean tools
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

# What every target needs; the rest is fetched by Go itself.
tools:
	@GO="$(GO)" sh .ci/tools

build: tools ## put dockfill-agent, dockfill-cloud and firmware-sim into bin/
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./agent/cmd/dockfill-agent ./cloud/cmd/dockfill-cloud ./firmware-sim

test: tools ## install what tests need, then check, build and test everything
	@GO="$(GO)" HISTORIES="$(HISTORIES)" sh .ci/test

test-vm: tools ## check USB scanners in a virtual machine with Debian's kernel, emulated; about a minute
	$(GO) run ./e2e/vm

cross: tools ## build the programs for Windows with mingw, into bin/windows/
	@command -v x86_64-w64-mingw32-gcc >/dev/null || { echo 'The Windows build needs x86_64-w64-mingw32-gcc (Debian: apt-get install gcc-mingw-w64-x86-64).'; exit 1; }
	GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/windows/ ./agent/cmd/dockfill-agent ./cloud/cmd/dockfill-cloud

check: tools ## walk through every small history of the protocol, and take its rules away one at a time; PERCENT=100
	$(GO) run ./.ci/check $(PERCENT)

sim: tools ## simulate HOURS site-hours (default 10000) of houses under faults, from SEED
	@DOCKFILL_SIM_HOURS=$(HOURS) DOCKFILL_SIM_SEED=$(SEED) $(GO) test -count=1 -timeout 48h -v -run '^TestSim$$' ./e2e/sim

sim-disk: HOURS = 500
sim-disk: tools ## the same with files on a disk, as they lay there at each kill; HOURS=500
	@DOCKFILL_SIM_DISK=1 DOCKFILL_SIM_HOURS=$(HOURS) DOCKFILL_SIM_SEED=$(SEED) $(GO) test -count=1 -timeout 48h -v -run '^TestSim$$' ./e2e/sim

bench: tools ## measure beside the bare cost of the same work; BENCH=regexp chooses
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime 3s -timeout 60m ./...

crash: tools ## kill -9 the agent KILLS times (default 100) under load, then centre and brokers, then cut the line
	DOCKFILL_E2E_KILLS=$(KILLS) DOCKFILL_E2E_SCANS=$(SCANS) $(GO) test -race -count=1 -v -timeout 6h -run '^Test(Killed|CutLine)' ./e2e

soak: tools ## scan for SOAK (default 10m) while everything around is broken at random, then check the protocol deeper, play new histories of allocation and fuzz
	DOCKFILL_E2E_SOAK=$(SOAK) $(GO) test -race -count=1 -v -timeout 48h -run '^TestSoak$$' ./e2e
	$(GO) run ./.ci/check 2000
	DOCKFILL_SEED=$$(date +%s) DOCKFILL_HISTORIES=$(HISTORIES)0 $(GO) test -count=1 -timeout 48h ./allocation/memory
	@$(MAKE) --no-print-directory fuzz

fuzz: tools ## feed each fuzz target FUZZ (default 100000) new inputs
	GO="$(GO)" FUZZ=$(FUZZ) sh .ci/fuzz

mutation: tools ## break the engine on purpose, by misread rules and by gremlins, and see the tests notice; an hour
	DOCKFILL_MUTATION=1 $(GO) test -count=1 -v -timeout 2h -run Mistake ./.ci/mutation
	GO="$(GO)" sh .ci/mutation/run

retail: tools ## real invoices under four policies, each event checked by the slow model; prints the table of docs/allocation.md
	DOCKFILL_RETAIL=1 $(GO) test -count=1 -v -timeout 4h -run Retail ./allocation/memory

demo: build ## a centre, two sites and pretend scanners; DEMO_FLAGS='--auto --for 60s'
	bin/firmware-sim demo $(DEMO_FLAGS)

clean: ## remove what was built
	rm -rf bin dist
