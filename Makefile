# Everything that a person does with this repository. Type make for the list.

SHELL := /bin/bash
GO    ?= go
NPM   := npm --no-audit --no-fund --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help run dev build generate wasm tools test e2e prove pictures check bench clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build everything and open the console on http://127.0.0.1:8787
	bin/keyferry serve

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

# The bytes of the program depend on its sources and the version of Go alone. So what builds it runs with these settings in
# place of those in the environment and those that go env -w has stored; only where modules come from and where caches are
# stays as it was. An empty setting means Go's own default.
KEPT   := GOAUTH|GOCACHE|GOINSECURE|GOMODCACHE|GONOPROXY|GONOSUMDB|GOPATH|GOPRIVATE|GOPROXY|GOSUMDB
PINNED := CGO_ENABLED=0 GO111MODULE= GO386= GOAMD64= GOARM64= GOENV=off GOEXPERIMENT= GOFIPS140=off GOFLAGS= \
	GOTOOLCHAIN=local GOWASM= GOWORK=off GO_EXTLINK_ENABLED=
pinned  = @eval "$$($(GO) env | grep -E '^($(KEPT))=' | sed 's/^/export /')"; export $(PINNED); set -x;

build: wasm ## build bin/keyferry, the same bytes wherever the Go version and the platform are the same
	$(pinned) $(GO) build -trimpath -buildvcs=false -ldflags='-s -w' -o bin/keyferry ./server

generate: ## write the Go code of the templ files
	$(GO) tool templ generate

wasm: ## build the WebAssembly module and the compressed files, the same bytes on every machine
	$(pinned) $(GO) run ./wasm/build -o web/static/wasm
	$(pinned) $(GO) run ./web/pack web/static
	$(pinned) $(GO) run ./web/join web/static web/desk

# Programs that the tests use, each with the Debian package that has it.
PROGRAMS := chromium:chromium node:nodejs npm:npm openssl:openssl git:git age:age pkcs11-tool:opensc softhsm2-util:softhsm2 nginx:nginx-light caddy:caddy pdftotext:poppler-utils firefox-esr:firefox-esr ip:iproute2 tcpdump:tcpdump calcurse:calcurse

tools: e2e/node_modules/.installed ## install what the tests need, or say what is missing
	@missing=; for entry in $(PROGRAMS); do \
		command -v $${entry%%:*} >/dev/null || missing="$$missing $${entry##*:}"; \
	done; \
	[ -n "$$(fc-list :lang=zh 2>/dev/null | head -1)" ] || missing="$$missing fontconfig fonts-noto-cjk"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing:$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "The tests need these Debian packages:$$missing. Install them, or run make tools as root." >&2; exit 1; \
	fi

e2e/node_modules/.installed: e2e/package-lock.json | npm
	cd e2e && $(NPM) ci --ignore-scripts
	@touch $@

# npm may itself be missing, and node_modules needs it.
.PHONY: npm
npm:
	@if ! command -v npm >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; \
		else echo "The tests need these Debian packages: nodejs npm. Install them, or run make tools as root." >&2; exit 1; fi; \
	fi

test: tools wasm ## install what the tests need and run them all, the fast ones first
	$(GO) test -short ./...
	$(GO) test -p 1 -timeout 45m ./e2e/...

e2e: tools wasm ## run the browser tests alone
	$(GO) test -p 1 -count=1 -timeout 45m ./e2e/...

prove: tools wasm ## the proof in its long form: leaks, sabotage, memory, policy, faults, load; about half an hour
	$(GO) test -count=1 -timeout 100m -v -p 1 ./e2e/proof/... -full

pictures: tools wasm ## take the pictures that the README shows
	KEYFERRY_SCREENSHOTS=$(CURDIR)/e2e/screenshots $(GO) test -count=1 -run 'TestPictures|TestPicturesOfTheInspector|TestDeskLook' ./e2e/person

bench: tools wasm ## measure size and speed side by side, as one table
	$(GO) run ./e2e/bench

check: tools wasm ## everything that must hold before a change goes in
	$(GO) tool templ generate
	git diff --exit-code -- '*_templ.go'
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not formatted: $$unformatted" >&2; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./wasm/... ./e2e/bench/...
	GOOS=js GOARCH=wasm $(GO) vet -tags custody ./wasm
	$(GO) build -o bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	bin/staticcheck ./...
	GOOS=js GOARCH=wasm bin/staticcheck ./wasm/... ./e2e/bench/...
	GOOS=js GOARCH=wasm bin/staticcheck -tags custody ./wasm
	cd e2e && node_modules/.bin/tsc -p .
	@if output=$$($(GO) tool govulncheck ./... 2>&1); then echo "govulncheck: nothing known"; \
	elif grep -qE 'fetching vulnerabilities|no such host|connection refused|dial tcp|Forbidden|403' <<<"$$output"; then \
		echo "govulncheck: its database cannot be had here, so nothing was checked"; \
	else echo "$$output"; exit 1; fi
	$(GO) test -race -short ./...
	$(MAKE) --no-print-directory test

clean: ## remove what was built
	rm -rf bin .dev e2e/node_modules web/static/wasm/*.wasm web/static/wasm/*.js web/desk/*.js
	find web/static -name '*.br' -delete -o -name '*.gz' -delete
