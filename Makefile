# The two commands of the README are "make demo" and "make test".
.PHONY: build demo test setup bench lint clean

build:
	go build -trimpath -o bin/countersign ./cmd/countersign

# What the demo and the tests run beside Go; quick when it is all there.
setup:
	scripts/setup

demo:
	scripts/setup --demo
	$(MAKE) build
	bin/countersign demo --report demo.html

test: setup lint
	COUNTERSIGN_REQUIRE_ALL=1 go test -race -timeout 40m ./...
	go test -run 'Alloc' ./csrf ./cors ./jwt ./internal/origin # not to be counted under -race
	cd bench && go vet ./... && go test -bench . -benchtime 1x ./... # a module of its own; each benchmark once, so that none rots

lint:
	scripts/lint

bench:
	cd bench && go run .

clean:
	rm -rf bin demo.html
