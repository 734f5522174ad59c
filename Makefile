# Everything that a person does with this repository. Type make for the list.

SHELL := /bin/bash
GO    ?= go
NPM   := npm --no-audit --no-fund --loglevel=error

# All is compiled like what make build makes, so that tests compile nothing a second time.
export CGO_ENABLED := 0
export GOFLAGS     += -trimpath

.DEFAULT_GOAL := help
.PHONY: help run run-team dev build release generate wasm tools test e2e prove mutants pictures check bench clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build everything and open the console on http://127.0.0.1:8787
	bin/keyferry serve

run-team: build ## the same for several people: three made-up ones to sign in as, and requests kept in ./keyferry-team
	@mkdir -p keyferry-team
	bin/keyferry serve --database keyferry-team/keyferry.db --policy server/policy/example --demo-people

# What makes the program old when it changes.
FOLDERS := components server wasm web
SOURCES := -name '*.go' -o -name '*.templ' -o -name '*.js' -o -name '*.css' -o -name '*.svg'

dev: ## the same, built and started again whenever a file changes
	@trap 'kill $$pid 2>/dev/null' EXIT; trap 'exit 0' INT TERM; \
	while :; do \
		pid=; \
		$(MAKE) --no-print-directory generate build && { bin/keyferry serve & pid=$$!; }; \
		touch .dev; \
		while [ -z "$$(find $(FOLDERS) -newer .dev \( $(SOURCES) \) -print -quit)" ]; do sleep 1; done; \
		if [ -n "$$pid" ]; then kill $$pid; wait $$pid; fi; \
	done

# What the bytes of the program depend on besides its sources and the version of Go is in one file, which wasm/build reads
# too. What builds the program runs with the settings there in place of those in the environment.
SETTINGS  := wasm/build/settings.env
ARGUMENTS := $(shell sed -n "s/^-.*/'&'/p" $(SETTINGS))
PINNED    := $(shell sed -n '/^[A-Z].*=/p' $(SETTINGS))
KEPT      := $(shell sed -n '/^[A-Z][A-Z0-9]*$$/p' $(SETTINGS) | paste -sd '|')
pinned     = @eval "$$($(GO) env | grep -E '^($(KEPT))=' | sed 's/^/export /')"; export $(PINNED); set -x;

build: wasm ## build bin/keyferry, the same bytes wherever the Go version and the platform are the same
	$(pinned) $(GO) build $(ARGUMENTS) -o bin/keyferry ./server

PLATFORMS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64

release: wasm ## build for every platform into dist, with sums and bills of materials, the same bytes on every machine
	$(pinned) $(GO) run -trimpath ./server/release -o dist -platforms $(PLATFORMS) -- $(ARGUMENTS)

generate: ## write the Go code of the templ files
	$(GO) tool templ generate

wasm: ## build the WebAssembly modules, the scripts of the pages and the compressed files, the same bytes on every machine
	$(pinned) $(GO) run -trimpath ./wasm/build -o web/static/wasm
	$(pinned) $(GO) run -trimpath ./web/join web
	$(pinned) $(GO) run -trimpath ./web/pack web/static

# Programs that the tests use, each with the Debian package that has it.
PROGRAMS := chromium:chromium chromium-headless-shell:chromium-headless-shell node:nodejs npm:npm openssl:openssl git:git age:age pkcs11-tool:opensc softhsm2-util:softhsm2 nginx:nginx-light caddy:caddy pdftotext:poppler-utils firefox-esr:firefox-esr ip:iproute2 tcpdump:tcpdump calcurse:calcurse pg_ctlcluster:postgresql promtool:prometheus systemd-analyze:systemd buildah:buildah runc:runc

tools: packages e2e/node_modules/.installed ## install what the tests need, or say what is missing

# Says first what it installs.
.PHONY: packages
packages:
	@missing=; for entry in $(PROGRAMS); do \
		command -v $${entry%%:*} >/dev/null || missing="$$missing $${entry##*:}"; \
	done; \
	[ -n "$$(fc-list :lang=zh 2>/dev/null | head -1)" ] || missing="$$missing fontconfig fonts-noto-cjk"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "This installs Debian packages as root, for the tests:$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "The tests need these Debian packages:$$missing. Install them, or run make tools as root." >&2; exit 1; \
	fi

e2e/node_modules/.installed: e2e/package-lock.json | packages
	cd e2e && $(NPM) ci --ignore-scripts
	@touch $@

# Parts of the proof that make prove alone runs, because they take longest.
LONG := sabotage|policy|memory|dishonest|firefox

# Packages of tests in which a browser works for minutes, the longest first. Two packages run at a
# time, whatever the number of cores: more would slow each other's browsers down, and one alone
# leaves a core idle, which is why the long ones do not come last.
BROWSERS := ./e2e/person ./e2e/desk ./e2e/team ./e2e/custody ./e2e/proof/account ./e2e/many ./e2e/proof/leaks ./e2e/proof/build

# Packages of tests that wait most of their time: for disks, databases, timers and programs that start
# again. They run one at a time beside the others, which they take little of the computer from.
WAITING := server/requests|e2e/proof/operation|e2e/proof/load|server/signin|server/ledger|server/reminders|server/store|server/kms

# Tests that need no browser come first, whole, and of those the longest: nothing runs twice.
QUICK := ./wasm ./server/verify ./wasm/custody $$($(GO) list ./... | grep -vE '/e2e/|/($(WAITING))$$')

# The program is built once for all packages, and make check vets, so the tests do neither again.
BUILT     := KEYFERRY_TESTS_BUILT=1 $(GO) test -vet=off
TEST      := $(BUILT) -timeout 45m
LONG_TEST := $(BUILT) -timeout 100m -count=1 -v

.PHONY: tested
tested: wasm
	$(GO) build -o bin/e2e/keyferry ./server

test: tools tested ## install what the tests need and run them, the fast ones first; make prove has the rest of the proof
	$(TEST) -p 1 $(addprefix ./,$(subst |, ,$(WAITING))) & beside=$$!; \
	$(TEST) -p 2 $(QUICK) $(BROWSERS) $$($(GO) list ./e2e/... | grep -vE '/e2e/proof/($(LONG))$$|/($(WAITING))$$'); \
	status=$$?; wait $$beside && exit $$status

e2e: tools tested ## run the browser tests alone
	$(TEST) -p 2 -count=1 $(BROWSERS) ./e2e/...

# Tests outside of the proof that have a long form, and their packages.
LONGER := TestInspectorAndBack|TestTryingAgain|TestRefusedFiles|TestWeakKeys|TestOneModule|TestDesk$$|TestAccessibility|TestDeskLook|TestLooks$$|TestSessionOver|TestConnected|TestDeskByLink|TestCheckSaysHow|TestImportWithTheDesk|TestNothingIsLost|TestOutages|TestProofOfRequests|TestEveryStateIsAccessible
LONGER_IN := ./e2e/many ./e2e/team ./e2e/desk ./e2e/person ./e2e/custody ./e2e/linked

# The packages of the proof that take longest come first, for the reason that BROWSERS gives.
PROOF := ./e2e/proof/account ./e2e/proof/linked ./e2e/proof/sabotage ./e2e/proof/memory ./e2e/proof/build ./e2e/proof/faults ./e2e/proof/leaks ./e2e/proof/reference ./e2e/proof/dishonest ./e2e/proof/policy

# Those that wait most of their time run beside the others, for the reason that WAITING gives.
PROOF_WAITING := operation|load
LONGER_WAITING := TestOneOfTwoReplicas|TestKilledAtEveryPoint

prove: tools tested ## the proof in its long form: account, leaks, sabotage, memory, policy, faults, load; takes 40 minutes
	@status=0; beside=$$(mktemp); set -x; \
	$(LONG_TEST) -run PaddingOracle ./server/localkms -full || status=1; \
	($(LONG_TEST) -p 1 $(addprefix ./e2e/proof/,$(subst |, ,$(PROOF_WAITING))) -full || status=1; \
	$(LONG_TEST) -run '$(LONGER_WAITING)' ./server/requests -full && exit $$status) >$$beside 2>&1 & waiting=$$!; \
	$(LONG_TEST) -p 2 $(PROOF) $$($(GO) list ./e2e/proof/... | grep -vE '/($(PROOF_WAITING))$$') -full || status=1; \
	$(LONG_TEST) -p 2 -run '$(LONGER)' $(LONGER_IN) -full || status=1; \
	wait $$waiting || status=1; set +x; cat $$beside; rm $$beside; \
	echo "make prove took $$((SECONDS / 60)) minutes"; exit $$status

# Each change costs one run of the package's short tests. MUTATED=server/kms tries one package alone.
MUTATED ?= wasm/keywrap wasm/custody wasm/custody/backup server/body server/console server/kms server/requests server/ledger server/policy server/signin

mutants: ## change one operator at a time and see whether the short tests notice; takes hours, MUTATED=folder tries one package
	e2e/mutants/run.sh $(MUTATED)

pictures: tools wasm ## take the pictures that the README shows
	KEYFERRY_SCREENSHOTS=$(CURDIR)/e2e/screenshots $(GO) test -count=1 -p 1 -run TestPictures ./e2e/person ./e2e/team

BENCHTIME ?= 5s
BASE      ?=

bench: tools build ## measure size and speed, as one table; BASE=folder adds the build of another checkout
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -timeout 30m ./e2e/bench -base '$(BASE)'

check: tools wasm ## everything that must hold before a change goes in
	$(GO) tool templ generate
	git diff --exit-code -- '*_templ.go'
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not formatted: $$unformatted" >&2; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./wasm/... ./e2e/bench/empty ./e2e/bench/wrapmodule
	GOOS=js GOARCH=wasm $(GO) vet -tags testvariant ./wasm
	$(GO) build -o bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	bin/staticcheck ./...
	GOOS=js GOARCH=wasm bin/staticcheck ./wasm/... ./e2e/bench/empty ./e2e/bench/wrapmodule
	GOOS=js GOARCH=wasm bin/staticcheck -tags testvariant ./wasm
	cd e2e && node_modules/.bin/tsc -p .
	@if output=$$($(GO) tool govulncheck ./... 2>&1); then echo "govulncheck: nothing known"; \
	elif grep -qE 'fetching vulnerabilities|no such host|connection refused|dial tcp|Forbidden|403' <<<"$$output"; then \
		echo "govulncheck: its database cannot be had here, so nothing was checked"; \
	else echo "$$output"; exit 1; fi
	CGO_ENABLED=1 $(GO) test -race -short ./...
	$(MAKE) --no-print-directory test

clean: ## remove what was built
	rm -rf bin dist .dev e2e/node_modules web/static/wasm/*.wasm web/static/wasm/*.js web/static/pages/*.js web/desk/*.js
	find web/static -name '*.br' -delete -o -name '*.gz' -delete
