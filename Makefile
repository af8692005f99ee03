# What people type; .ci/run has what CI does.

GO      ?= go
PREFIX  ?= /usr/local
SHARE    = $(DESTDIR)$(PREFIX)/share
NODES   ?= 10,100,1000

.PHONY: build test race bench sim fuzz lint check install uninstall deb rpm clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o interconnectd ./daemon

test: ; $(GO) test ./...
race: ; $(GO) test -race ./...

bench: ; $(GO) run ./syncnodes/bench $(BENCH)

sim:
	$(GO) test -count=1 -v -timeout 2h -run TestSwarm ./syncnodes/membership -args -swarm $(NODES)

fuzz: ; .ci/fuzz $(or $(FUZZTIME),1m)
lint: ; .ci/lint
check: lint race

# What is there is installed: root may have no Go.
install: $(if $(wildcard interconnectd),,build)
	install -D -m 755 interconnectd $(DESTDIR)$(PREFIX)/bin/interconnectd
	install -D -m 644 daemon/completion/interconnectd.bash $(SHARE)/bash-completion/completions/interconnectd
	install -D -m 644 daemon/completion/interconnectd.zsh $(SHARE)/zsh/site-functions/_interconnectd
	install -D -m 644 daemon/completion/interconnectd.fish $(SHARE)/fish/vendor_completions.d/interconnectd.fish
	umask 022; ./interconnectd man -d $(SHARE)/man

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/interconnectd $(SHARE)/man/man?/interconnectd[-.]* \
		$(SHARE)/*/completions/interconnectd $(SHARE)/zsh/*/_interconnectd $(SHARE)/fish/*/interconnectd.fish

deb rpm: ; systemd/packaging/build $@

clean: ; rm -rf interconnectd dist
