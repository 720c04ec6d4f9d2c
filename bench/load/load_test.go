package main

import "testing"

func TestAFewVisits(t *testing.T) {
	if err := load(t.Context(), options{root: "../..", visits: 1, visitors: 2, parts: 3}, t.Output()); err != nil {
		t.Fatal(err)
	}
}
