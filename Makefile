# Sixgate. The two commands to know: `make demo` and `make test`. Each installs what it misses and says so.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOBUILD := go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
# What people download: pages on loopback do without HTTP/2 (0.5 MB), and libraries that are no bottleneck without inlining (0.8 MB).
FLAGS_sixgate-host := -tags nethttpomithttp2 $(foreach l,google.golang.org/... github.com/prometheus/... github.com/libp2p/... \
	github.com/multiformats/... github.com/quic-go/quic-go/qlog... github.com/jezek/xgb/... \
	net net/http/... crypto/tls crypto/x509 encoding/json encoding/asn1 math/big,-gcflags=$(l)=-l)
PROGRAMS := sixgate-host sixgate-bridge sixgate-gateway
TOOL := go tool -modfile=tools.mod

# Debian packages: what the build links with, what the demo's desktop shows, what the tests measure against.
BUILD_DEBS := gcc libc6-dev pkg-config libturbojpeg0-dev libx11-dev libxtst-dev libxext-dev libxinerama-dev libxfixes-dev libxrandr-dev libxi-dev xorg-dev libpng-dev
DEMO_DEBS := xvfb openbox xterm x11-apps x11-utils x11-xserver-utils imagemagick fonts-dejavu-core gvncviewer
TEST_DEBS := $(DEMO_DEBS) picom x11-xkb-utils xdotool xclip xsel weston xwayland tigervnc-viewer xtightvncviewer vncsnapshot libvncserver-dev \
	x11vnc tigervnc-scraping-server tigervnc-standalone-server nmap iproute2 nftables procps tinyproxy squid tcpdump chromium $(if $(shell command -v npm),,nodejs npm)
BENCH_DEBS := $(DEMO_DEBS) iproute2 nftables procps tinyproxy x11vnc tigervnc-scraping-server chromium libjpeg-turbo-progs

# noVNC, and what drives it in a browser.
NPM := web conformance/testdata/novnc

FUZZ_FOR := 30s

.PHONY: help build pages demo test lint fuzz soak vulnerabilities bench install-build install-demo install-test install-bench

help:
	@echo "make demo     gateway, host and bridge on this machine; you are the end user, on the page that opens (DEMO=--tty: it plays both)"
	@echo "make test     every test"
	@echo "make bench    beside x11vnc and TigerVNC on the same display; writes BENCHMARKS.md"
	@echo "make build    the three programs and the demo, stripped, in bin/"
	@echo "make soak     ten minutes of sessions whose connections are cut every five seconds; make test has one"
	@echo "make lint     gofmt, go vet (for Windows too), staticcheck: a part of make test, as is make fuzz"
	@echo "make vulnerabilities    govulncheck; needs vuln.go.dev"

# install names the packages of $(1) that are missing, and installs them where it may.
define install
@missing=$$(for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
if [ -z "$$missing" ]; then exit 0; fi; \
echo "Missing Debian packages:" $$missing; \
if [ "$$(id -u)" = 0 ]; then root=; elif sudo -n true 2>/dev/null; then root=sudo; else \
	echo "Install them as root: apt-get install --no-install-recommends" $$missing; exit 1; fi; \
echo "Installing them."; \
$$root apt-get update -q && DEBIAN_FRONTEND=noninteractive $$root apt-get install -q -y --no-install-recommends $$missing
endef

install-build:
	$(call install,$(BUILD_DEBS))
install-demo:
	$(call install,$(DEMO_DEBS))
install-test:
	$(call install,$(TEST_DEBS))
	@for dir in $(NPM); do [ $$dir/node_modules/.package-lock.json -nt $$dir/package-lock.json ] || npm ci --prefix $$dir --no-audit --no-fund || exit 1; done
install-bench:
	$(call install,$(BENCH_DEBS))

BIN := bin
build: install-build
	@mkdir -p $(BIN)
	@$(foreach p,$(PROGRAMS) sixgate-demo,echo "Building $(BIN)/$p" && $(GOBUILD) $(FLAGS_$p) -o $(BIN)/$p ./cmd/$p &&) true
	@ls -l $(addprefix $(BIN)/,$(PROGRAMS)) | awk '{printf "%-24s %5.1f MB\n", $$9, $$5/1e6}'

demo: install-demo build
	bin/sixgate-demo $(DEMO)

# The pages' TypeScript: what is committed in web/dist is what it makes.
pages: install-test
	npm run build --prefix web
	@git diff --exit-code --stat web/dist || { echo "web/dist was not made from its source: commit what npm run build has made"; exit 1; }

# -count=1: go does not see when the programs that tests build have changed. Most tests wait for programs, so three go side by side;
# and six minutes without a network pass beside them all.
GOTEST := go test -race -count=1 -timeout 20m
test: install-build install-test lint pages
	$(GOTEST) -run '^TestOutages$$/minutes' ./conformance -long & long=$$!; \
	$(GOTEST) -shuffle=on -parallel 3 ./...; status=$$?; wait $$long && exit $$status
	@$(MAKE) --no-print-directory fuzz

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt -w" $$unformatted; exit 1; }
	go vet ./...
	CGO_ENABLED=0 GOOS=windows go vet ./...
	$(TOOL) staticcheck ./...

# fuzz PACKAGE TARGET fails on what it found. When the time is up, go's coordinator sometimes takes its own deadline
# for a failure of the target (golang.org/issue/75804): "context deadline exceeded" and no input. That alone is no finding.
define fuzz
echo "Fuzzing $$0 $$1 for $(FUZZ_FOR)"
out=$$(go test -run "^$$" -fuzz "^$$1$$" -fuzztime $(FUZZ_FOR) -fuzzminimizetime 10x -parallel 1 $$0 2>&1) && exit
grep -qx "    context deadline exceeded" <<<"$$out" && ! grep -Eq "Failing input|panic|hung|_test[.]go:" <<<"$$out" && exit
echo "$$out"; exit 255
endef
export fuzz

# Half a minute for each parser of bytes from the network, three at a time.
fuzz:
	@go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r p; do \
		dir=$${p#sixgate/}; grep -l -s '^func Fuzz' $$dir/*_test.go >/dev/null || continue; \
		sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$dir/*_test.go | sed "s|^|$$p |"; done | \
	xargs -P 3 -L 1 bash -c "$$fuzz"

# Programs with a film and somebody who types; nodes with a large transfer beside that; minutes without a network.
soak: install-build install-test
	go test -v -count 1 -timeout 30m -run '^TestSoak$$' ./gateway -soak 10m & \
	go test -v -count 1 -timeout 30m -run '^(TestSoak|TestOutages)$$' ./conformance -soak 10m -long; conformance=$$?; \
	wait $$! && exit $$conformance

# Needs vuln.go.dev, so it is not part of the tests.
vulnerabilities:
	$(TOOL) govulncheck ./...

bench: install-bench build
	go run ./bench -md BENCHMARKS.md
