// Command countersign finds, proves and stops cross-site request forgery in
// HTTP APIs that authenticate with JSON Web Tokens.
package main

import (
	"os"

	"github.com/d710e0ae/countersign/internal/cli"
)

func main() { os.Exit(cli.Main()) }
