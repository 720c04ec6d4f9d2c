package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/d710e0ae/countersign/internal/scan"
	"github.com/d710e0ae/countersign/internal/scan/actor"
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

	// Auth, AuthTemplate and so on: the Web Fuzzing Commons' format.
	actor.WFC `yaml:",inline"`

	LoginFlow    *actor.ToldFlow `yaml:"login_flow"`
	UserTOTP     string          `yaml:"user_totp"`
	AttackerTOTP string          `yaml:"attacker_totp"`
}

// accounts fills in how the accounts log in, as the file says it, and returns
// all mistakes at once. Accounts that flags name win over the file's.
func (c *scanFile) accounts(cfg *scan.Config) error {
	users, err := c.Users()
	errs := []error{err}
	for i, to := range []*scan.Account{&cfg.Victim, &cfg.Attacker} {
		if i < len(users) && to.Name == "" {
			*to = scan.Account{Name: users[i].Account.Name, Password: users[i].Account.Password, Flow: users[i].Flow}
		}
	}
	if len(users) > 0 && c.LoginFlow != nil {
		errs = append(errs, errors.New("login_flow: there is an auth, too; keep one"))
	}
	var flow *actor.Flow
	if c.LoginFlow != nil {
		if flow, err = c.LoginFlow.Flow(); err != nil {
			errs = append(errs, err)
		}
		if cfg.Login != "" {
			errs = append(errs, errors.New("login_flow: there is a login, too; keep one"))
		}
		if cfg.Victim.Name == "" {
			errs = append(errs, errors.New("login_flow: no account is to log in by it; give one with user or --user"))
		}
	}
	for _, o := range []struct {
		key, text string
		to        *scan.Account
	}{{"user_totp", c.UserTOTP, &cfg.Victim}, {"attacker_totp", c.AttackerTOTP, &cfg.Attacker}} {
		if flow != nil && o.to.Name != "" {
			own := *flow
			o.to.Flow = &own
		}
		if o.text == "" {
			continue
		}
		plain, err := reveal(o.text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", o.key, err))
			continue
		}
		totp, err := actor.ParseTOTP(plain)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", o.key, err))
		case o.to.Flow == nil:
			errs = append(errs, fmt.Errorf("%s: nothing sends the code; write a login_flow with {totp} in it", o.key))
		default:
			o.to.Flow.TOTP = totp
		}
	}
	return errors.Join(errs...)
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
	f.file = c
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
