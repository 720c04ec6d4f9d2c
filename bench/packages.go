package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

var measured = []string{"csrf", "cors", "jwt"}

// packages runs the benchmarks of csrf, cors and jwt. One round runs each of
// them once, one library right after the other, and there are many short
// rounds: what else the machine does then strikes all libraries alike.
func packages(ctx context.Context, b *bench) error {
	samples := samples{}
	texts := map[string]*bytes.Buffer{}
	for round := range b.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, b.rounds)
		for _, name := range measured {
			binary := filepath.Join(b.scratch, name+".test")
			if round == 0 {
				if out, err := output(ctx, ".", "go", "test", "-c", "-o", binary, "./"+name); err != nil {
					return fmt.Errorf("%w\n%s", err, out)
				}
				texts[name] = &bytes.Buffer{}
			}
			out, err := output(ctx, ".", binary, "-test.run=^$", "-test.bench=.", "-test.benchtime="+b.benchtime.String())
			if err != nil {
				return fmt.Errorf("%w\n%s", err, out)
			}
			texts[name].Write(out)
			if err := samples.add(out); err != nil {
				return err
			}
		}
	}
	for _, name := range measured {
		file := filepath.Join(b.scratch, name+".txt")
		if err := os.WriteFile(file, texts[name].Bytes(), 0o600); err != nil {
			return err
		}
		out, err := output(ctx, ".", "go", "tool", "benchstat", "-col", "/lib", "-ignore", "pkg", file)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		fmt.Printf("## %s\n\n%s\n", name, out)
	}
	fmt.Println("MISSING: jub0bs/cors, which the Go module proxy does not serve; rs/cors stands alone.")
	return judge(dues(), samples)
}

// samples are the results of each benchmark, one a round.
type samples map[string][]sample

type sample struct{ ns, allocs float64 }

// add reads the output of one round.
func (s samples) add(out []byte) error {
	found := 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			if _, err := strconv.Atoi(name[i+1:]); err == nil { // GOMAXPROCS
				name = name[:i]
			}
		}
		var one sample
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return fmt.Errorf("cannot read %q", lines.Text())
			}
			switch f[i+1] {
			case "ns/op":
				one.ns = v
			case "allocs/op":
				one.allocs = v
			}
		}
		s[name] = append(s[name], one)
		found++
	}
	if found == 0 {
		return fmt.Errorf("no benchmark ran:\n%s", out)
	}
	return nil
}

// ratio compares the best quarter of each one's rounds: whatever else the
// machine does makes a round slower, and never quicker, and the mean of some
// owes less to luck than the best alone.
func (s samples) ratio(name, to string) (float64, error) {
	a, b := s[name], s[to]
	if len(a) == 0 || len(a) != len(b) {
		return 0, fmt.Errorf("%d results of %s and %d of %s, among %v", len(a), name, len(b), to, slices.Sorted(maps.Keys(s)))
	}
	return best(a) / best(b), nil
}

// best is the mean of the best quarter.
func best(list []sample) float64 {
	list = slices.SortedFunc(slices.Values(list), func(a, b sample) int { return cmp.Compare(a.ns, b.ns) })
	list = list[:(len(list)+3)/4]
	sum := 0.0
	for _, one := range list {
		sum += one.ns
	}
	return sum / float64(len(list))
}

func (s samples) allocs(name string) float64 {
	most := 0.0
	for _, one := range s[name] {
		most = max(most, one.allocs)
	}
	return most
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
