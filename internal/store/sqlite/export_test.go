package sqlite

import "fmt"

// Limit bounds the file to that many pages, as a full disk would, and returns
// a function that lifts the bound. It leaves one connection.
func Limit(s Sessions, pages int) func() {
	s.d.db.SetMaxOpenConns(1)
	set := func(n int) {
		if _, err := s.d.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			panic(err)
		}
	}
	set(pages)
	return func() { set(1 << 30) }
}
