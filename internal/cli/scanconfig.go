package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

// scanFile is the YAML form of scan's options, for --config.
type scanFile struct {
	OpenAPI    string   `yaml:"openapi"`
	HAR        string   `yaml:"har"`
	User       string   `yaml:"user"`
	Attacker   string   `yaml:"attacker"`
	Login      string   `yaml:"login"`
	Headers    []string `yaml:"headers"`
	Cookies    []string `yaml:"cookies"`
	Browser    string   `yaml:"browser"`
	ReadOnly   bool     `yaml:"read_only"`
	Rate       string   `yaml:"rate"`
	Include    []string `yaml:"include"`
	Exclude    []string `yaml:"exclude"`
	Shard      string   `yaml:"shard"`
	Authorized bool     `yaml:"authorized"`
	Frontend   string   `yaml:"frontend"`
	Wordlist   string   `yaml:"wordlist"`
	Artifacts  string   `yaml:"artifacts"`
}

// readConfig fills in from the file what no flag says.
func (f *scanFlags) readConfig(cmd *cobra.Command) error {
	if f.config == "" {
		return nil
	}
	data, err := os.ReadFile(f.config)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	var c scanFile
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&c); err != nil {
		return yamlError(f.config, err)
	}
	set := cmd.Flags().Changed
	for _, o := range []struct {
		flag string
		to   *string
		from string
	}{
		{"openapi", &f.cfg.OpenAPI, c.OpenAPI}, {"har", &f.cfg.HAR, c.HAR}, {"user", &f.victim, c.User}, {"attacker", &f.attacker, c.Attacker},
		{"login", &f.cfg.Login, c.Login}, {"browser", &f.cfg.Browser, c.Browser}, {"rate", &f.rate, c.Rate}, {"shard", &f.shard, c.Shard},
		{"frontend", &f.cfg.Frontend, c.Frontend}, {"wordlist", &f.cfg.Wordlist, c.Wordlist}, {"artifacts", &f.cfg.Artifacts, c.Artifacts},
	} {
		if !set(o.flag) && o.from != "" {
			*o.to = o.from
		}
	}
	for _, o := range []struct {
		flag string
		to   *[]string
		from []string
	}{
		{"header", &f.headers, c.Headers}, {"cookie", &f.cookies, c.Cookies}, {"include", &f.cfg.Include, c.Include}, {"exclude", &f.cfg.Exclude, c.Exclude},
	} {
		if !set(o.flag) {
			*o.to = append(*o.to, o.from...)
		}
	}
	f.cfg.ReadOnly = f.cfg.ReadOnly || c.ReadOnly && !set("read-only")
	f.cfg.Authorized = f.cfg.Authorized || c.Authorized && !set("authorized")
	return nil
}

// yamlError says FILE:LINE:COLUMN and what is wrong, on one line.
func yamlError(name string, err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		p := at.GetToken().Position
		return fmt.Errorf("%s:%d:%d: %s", name, p.Line, p.Column, at.GetMessage())
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%s: %s", name, line)
}
