package main

import (
	"fmt"
	"os"
	"text/tabwriter"
)

// A due is what one benchmark is held to.
type due struct {
	name string // of the benchmark
	to   string // the benchmark that it is compared with
	most float64
	// allocs are the most allocations; negative where nothing is said of them.
	allocs float64
}

// dues are what the packages are held to.
func dues() []due {
	list := []due{
		{"CSRF/case=accept/lib=countersign", "CSRF/case=accept/lib=std", 1.2, 0},
		{"Check/case=accept/lib=countersign", "Check/case=accept/lib=std", 1.2, 0},
		{"CSRF/case=origin-only/lib=countersign", "CSRF/case=origin-only/lib=std", 0.5, 0},
		{"Check/case=origin-only/lib=countersign", "Check/case=origin-only/lib=std", 0.5, 0},
		{"CSRF/case=refuse/lib=countersign", "CSRF/case=refuse/lib=std", 1, -1},
		{"Check/case=refuse/lib=countersign", "Check/case=refuse/lib=std", 1, 0},
		{"CSRF/case=token/lib=countersign", "CSRF/case=token/lib=gorilla", 1.0 / 8, -1},
	}
	for _, origins := range []string{"1", "10", "100", "1000"} {
		for _, c := range []string{"actual", "preflight"} {
			base := "CORS/case=" + c + "/origins=" + origins + "/lib="
			list = append(list, due{base + "countersign", base + "rs", 0.6, 0})
		}
	}
	for _, c := range []string{"actual", "preflight"} {
		// No growth, give or take the noise of two samples of the same.
		list = append(list, due{"CORS/case=" + c + "/origins=1000/lib=countersign", "CORS/case=" + c + "/origins=1/lib=countersign", 1.1, 0})
	}
	list = append(list,
		due{"JWT/alg=HS256/lib=countersign", "JWT/alg=HS256/lib=golang-jwt", 1.0 / 6, 5},
		due{"JWT/alg=HS256/lib=countersign-cached", "JWT/alg=HS256/lib=golang-jwt", 1.0 / 50, 0},
	)
	for _, alg := range []string{"EdDSA", "ES256", "RS256"} {
		list = append(list, due{"JWT/alg=" + alg + "/lib=countersign", "JWT/alg=" + alg + "/lib=bare", 1.1, -1})
	}
	return list
}

// judge prints the table of dues, in Markdown.
func judge(list []due, s samples) error {
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| benchmark\t| beside\t| ratio\t| due\t| allocations\t| due\t| \t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	missed := 0
	for _, d := range list {
		ratio, err := s.ratio(d.name, d.to)
		if err != nil {
			return err
		}
		allocs, verdict := s.allocs(d.name), "met"
		if ratio > d.most || d.allocs >= 0 && allocs > d.allocs {
			verdict = "MISSED"
			missed++
		}
		most := "–"
		if d.allocs >= 0 {
			most = fmt.Sprintf("%.0f", d.allocs)
		}
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %s\t| %.0f\t| %s\t| %s\t|\n", d.name, d.to, fraction(ratio), fraction(d.most), allocs, most, verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("\n%d of %d dues are met\n", len(list)-missed, len(list))
	return nil
}

// fraction writes small ratios as people say them.
func fraction(r float64) string {
	if r < 0.2 {
		return fmt.Sprintf("1/%.1f", 1/r)
	}
	return fmt.Sprintf("%.2f", r)
}
