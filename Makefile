# What people type; .ci/run has what CI does.

GO      ?= go
PREFIX  ?= /usr/local
NODES   ?= 10,100,1000

.PHONY: build test race sim fuzz lint check install clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o interconnectd ./daemon

test:
	$(GO) test ./...

race:
	$(GO) test -race ./...

sim:
	$(GO) test -count=1 -v -timeout 2h -run TestSwarm ./syncnodes/membership -args -swarm $(NODES)

fuzz:
	.ci/fuzz $(or $(FUZZTIME),1m)

lint:
	.ci/lint

check: lint race

install: build
	install -D -m 755 interconnectd $(DESTDIR)$(PREFIX)/bin/interconnectd

clean:
	rm -rf interconnectd dist
