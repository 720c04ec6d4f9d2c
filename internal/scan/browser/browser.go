// Package browser proves forgeries in a real Chromium: a victim logs in
// there, so that the browser keeps the server's own cookies, and the
// attacker's page is served to it from another origin. It is the only room
// that knows a browser.
package browser

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/d710e0ae/countersign/internal/origin"
	"github.com/d710e0ae/countersign/internal/secret"
)

// ErrNone says that there is no browser, and where one was looked for.
var ErrNone = errors.New("no Chromium or Chrome was found; install chromium, or name one by --browser PATH")

// names are the programs that Find looks for, in this order.
var names = []string{
	"chromium", "chromium-headless-shell", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome", "chrome-headless-shell",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
}

// Find returns the path of a browser. Preference is "auto", "off" (which
// returns "" and no error) or a path.
func Find(preference string) (string, error) {
	switch preference {
	case "off":
		return "", nil
	case "", "auto":
		if p := os.Getenv("COUNTERSIGN_CHROMIUM"); p != "" {
			return Find(p)
		}
		for _, n := range names {
			if p, err := exec.LookPath(n); err == nil {
				return p, nil
			}
		}
		return "", ErrNone
	}
	p, err := exec.LookPath(preference)
	if err != nil {
		return "", fmt.Errorf("the browser %s cannot be run: %w", preference, err)
	}
	return p, nil
}

// ThirdPartyCookies is the browser's policy on cookies in cross-site
// subrequests.
type ThirdPartyCookies int

const (
	// AllowThirdParty is what upstream Chrome does by default.
	AllowThirdParty ThirdPartyCookies = iota
	// BlockThirdParty is what Debian's Chromium, Incognito and others do.
	BlockThirdParty
)

// String says the policy in words.
func (p ThirdPartyCookies) String() string {
	if p == BlockThirdParty {
		return "third-party cookies blocked, as in Incognito"
	}
	return "third-party cookies allowed, as Chrome does by default"
}

// A Config says which browser is launched, and how.
type Config struct {
	Path              string   // of the program
	Target            *url.URL // scheme and host of the API
	ThirdPartyCookies ThirdPartyCookies
	// Aged treats cookies without SameSite as if their first two minutes had
	// passed: Chromium's feature SameSiteDefaultChecksMethodRigorously takes
	// the exception for young ones away.
	Aged bool
	// TargetKey is the public key (DER) of the API's certificate where the
	// caller has trusted it already: an authority that this browser does not
	// know may have signed it.
	TargetKey []byte
	Redactor  *secret.Redactor
	// Secrets finds the credentials that a page shows and that Redactor need
	// not know yet, such as the token in a login's answer; nil finds none.
	Secrets func(text string) []string
	Logger  *slog.Logger
}

// A Browser is one running browser with a profile of its own. Its methods
// must not be used by several goroutines at once.
type Browser struct {
	cfg     Config
	target  origin.Origin
	site    *site
	profile string
	version string

	ctx     context.Context // of the browser's first tab
	cancel  context.CancelFunc
	stopAll context.CancelFunc
}

// launchTimeout is how long a browser may take to start.
const launchTimeout = 30 * time.Second

// Launch starts a browser. It ends, with all its processes and its profile,
// at Close or when ctx ends.
func Launch(ctx context.Context, cfg Config) (*Browser, error) {
	target, err := origin.Of(cfg.Target.Scheme, cfg.Target.Host)
	if err != nil {
		return nil, fmt.Errorf("the browser cannot stand on %s: %w", cfg.Target.Host, err)
	}
	if cfg.Redactor == nil {
		cfg.Redactor = &secret.Redactor{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	site, err := newSite(target)
	if err != nil {
		return nil, err
	}
	profile, err := newProfile(cfg.ThirdPartyCookies)
	if err != nil {
		site.close()
		return nil, err
	}
	b := &Browser{cfg: cfg, target: target, site: site, profile: profile}
	allocator, stopAll := chromedp.NewExecAllocator(ctx, b.options()...)
	b.stopAll = stopAll
	b.ctx, b.cancel = chromedp.NewContext(allocator,
		chromedp.WithLogf(func(f string, a ...any) { cfg.Logger.Debug(fmt.Sprintf(f, a...)) }),
		chromedp.WithErrorf(func(f string, a ...any) { cfg.Logger.Debug(fmt.Sprintf(f, a...)) }))
	// The context of the first call lives as long as the browser, so that the
	// time-out has to stand beside it.
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(b.ctx) }()
	select {
	case err = <-started:
	case <-time.After(launchTimeout):
		err = fmt.Errorf("it did not start within %v", launchTimeout)
	}
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("launching %s: %w", cfg.Path, err)
	}
	if v, err := cdp.Call(b.ctx, chromedp.FromContext(b.ctx).Browser, cdpbrowser.GetVersion, cdp.Empty{}); err == nil {
		b.version = v.Product
	}
	return b, nil
}

// Version returns the browser's name and version, such as "Chrome/156.0.8078.73".
func (b *Browser) Version() string { return strings.Replace(b.version, "HeadlessChrome", "Chrome", 1) }

// Policy says under which third-party-cookie policy the browser runs.
func (b *Browser) Policy() ThirdPartyCookies { return b.cfg.ThirdPartyCookies }

// Close ends the browser and everything that belongs to it.
func (b *Browser) Close() {
	if b.cancel != nil {
		b.cancel()
	}
	if b.stopAll != nil {
		b.stopAll()
	}
	b.site.close()
	os.RemoveAll(b.profile)
}

func (b *Browser) options() []chromedp.ExecAllocatorOption {
	flags := map[string]any{
		"headless":                      "new",
		"disable-gpu":                   true,
		"disable-quic":                  true,
		"no-first-run":                  true,
		"no-default-browser-check":      true,
		"disable-background-networking": true,
		"disable-component-update":      true,
		"disable-sync":                  true,
		"disable-default-apps":          true,
		"disable-extensions":            true,
		"disable-dev-shm-usage":         true,
		"disable-popup-blocking":        true,
		"disable-prompt-on-repost":      true,
		"metrics-recording-only":        true,
		"mute-audio":                    true,
		"hide-scrollbars":               true,
		"password-store":                "basic",
		"use-mock-keychain":             true,
		"host-resolver-rules":           b.site.resolverRules(),
		// This profile alone takes the attacker's own certificate, and that of
		// the API which the scan has trusted.
		"ignore-certificate-errors-spki-list": strings.Join(b.pins(), ","),
		"window-size":                         "1000,640",
	}
	features := []string{"HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "OptimizationHints", "MediaRouter", "Translate", "LocalNetworkAccessChecks", "BlockInsecurePrivateNetworkRequests"}
	flags["disable-features"] = strings.Join(features, ",")
	if b.cfg.Aged {
		flags["enable-features"] = "SameSiteDefaultChecksMethodRigorously"
	}
	if os.Geteuid() == 0 {
		flags["no-sandbox"] = true // Chromium refuses to run as root otherwise
	}
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(b.cfg.Path), chromedp.UserDataDir(b.profile)}
	if len(b.profile) <= maxSocketDir {
		opts = append(opts, chromedp.Env("TMPDIR="+b.profile))
	}
	for _, name := range sortedKeys(flags) {
		opts = append(opts, chromedp.Flag(name, flags[name]))
	}
	return opts
}

func (b *Browser) pins() []string {
	pins := []string{b.site.spki()}
	if len(b.cfg.TargetKey) > 0 {
		sum := sha256.Sum256(b.cfg.TargetKey)
		pins = append(pins, base64.StdEncoding.EncodeToString(sum[:]))
	}
	return pins
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// maxSocketDir bounds, in bytes, the folder in which Chromium may put its
// temporary files, so that they go with the profile: it binds a Unix socket
// some 45 bytes deeper, and macOS allows its path 103.
const maxSocketDir = 58

// newProfile makes a profile whose preferences say the cookie policy: the
// policy of a browser context that is made over the protocol cannot be set.
func newProfile(policy ThirdPartyCookies) (string, error) {
	dir, err := os.MkdirTemp("", "countersign-browser-")
	if err != nil {
		return "", err
	}
	preferences := `{"profile":{"cookie_controls_mode":0,"block_third_party_cookies":false},"tracking_protection":{"tracking_protection_3pcd_enabled":false}}`
	if policy == BlockThirdParty {
		preferences = `{"profile":{"cookie_controls_mode":1,"block_third_party_cookies":true}}`
	}
	def := filepath.Join(dir, "Default")
	if err := os.MkdirAll(def, 0o700); err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	if err := os.WriteFile(filepath.Join(def, "Preferences"), []byte(preferences), 0o600); err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}
