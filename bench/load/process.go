package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is the built guard.
type process struct {
	binary, file string
	cmd          *exec.Cmd
	addr, admin  string
	log          string
	ended        chan error
}

// build makes the program from the repository's root.
func build(root, to string, race bool) error {
	args := []string{"build", "-trimpath", "-o", to}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/countersign")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("countersign does not build: %w\n%s", err, out)
	}
	return nil
}

// newGuard writes the guard's configuration, with free addresses.
func newGuard(dir, binary, upstream string, secret []byte) (*process, error) {
	p := &process{
		binary: binary,
		file:   filepath.Join(dir, "countersign.yaml"),
		log:    filepath.Join(dir, "guard.log"),
	}
	for _, a := range []*string{&p.addr, &p.admin} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*a = l.Addr().String()
		defer l.Close()
	}
	text := fmt.Sprintf(`listen: %s
upstream: %s
public_origin: %s
jwt: {algorithms: [HS256], secret_file: secret}
login: {paths: [/login], refresh: /refresh}
session: {store: "sqlite:sessions.db"}
idempotency: {ttl: 1m}
limits: {header_timeout: 1s, body_timeout: 1s, drain: 10s}
admin: {listen: %s}
`, p.addr, upstream, own, p.admin)
	if err := errors.Join(os.WriteFile(p.file, []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "secret"), secret, 0o600)); err != nil {
		return nil, err
	}
	return p, nil
}

// begin runs it and waits until it is ready.
func (p *process) begin() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd, ended := exec.Command(p.binary, "guard", "-c", p.file), make(chan error, 1)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd, p.ended = cmd, ended
	go func() { ended <- cmd.Wait(); close(ended) }() // whoever asks again hears of no error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-p.ended:
			return fmt.Errorf("the guard ended at once: %v\n%s", err, p.said())
		default:
		}
		res, err := http.Get("http://" + p.admin + "/readyz")
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the guard is not ready after %s\n%s", patience, p.said())
}

// terminate asks it to end.
func (p *process) terminate() error { return p.cmd.Process.Signal(syscall.SIGTERM) }

// gone waits for its end, which must be with 0, having said nothing of races
// or panics.
func (p *process) gone() error {
	select {
	case err := <-p.ended:
		if err != nil {
			return fmt.Errorf("the guard ended with %w\n%s", err, p.said())
		}
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.ended
		return errors.New("the guard does not end")
	}
	text, err := os.ReadFile(p.log)
	for _, word := range []string{"DATA RACE", "panic", "goroutine "} {
		if bytes.Contains(text, []byte(word)) {
			err = errors.Join(err, fmt.Errorf("the guard's log tells of a %s\n%s", strings.TrimSpace(word), p.said()))
		}
	}
	return err
}

// said is the end of its log.
func (p *process) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-8<<10):])
}

// A sample is what the guard holds at one time.
type sample struct {
	at         time.Duration
	goroutines int
	files      int
	resident   int // bytes
	heap       int // bytes in use
}

func (s sample) String() string {
	return fmt.Sprintf("%8s  %4d goroutines  %3d files  %6.1f MB resident  %6.1f MB heap", s.at.Round(time.Second), s.goroutines, s.files, float64(s.resident)/1e6, float64(s.heap)/1e6)
}

// sample reads the guard's metrics and /proc when all connections are closed:
// it waits until the number of goroutines stands still.
func (p *process) sample() (s sample, err error) {
	for still, last := 0, -1; still < 5; {
		if s, err = p.look(); err != nil {
			return s, err
		}
		if s.goroutines == last {
			still++
		} else {
			still, last = 0, s.goroutines
		}
		time.Sleep(300 * time.Millisecond)
	}
	return s, nil
}

func (p *process) look() (s sample, err error) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + p.admin + "/metrics")
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name {
		case "go_goroutines":
			s.goroutines = int(n)
		case "process_resident_memory_bytes":
			s.resident = int(n)
		case "go_memstats_heap_inuse_bytes":
			s.heap = int(n)
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	s.files = len(open)
	if s.goroutines == 0 || s.resident == 0 {
		err = errors.Join(err, errors.New("the guard's metrics tell of no goroutines or memory"))
	}
	return s, err
}
