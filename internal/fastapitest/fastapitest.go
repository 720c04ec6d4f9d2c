// Package fastapitest runs FastAPI applications under uvicorn for tests.
package fastapitest

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/d710e0ae/countersign/internal/needs"
)

// A Server is an application that answers.
type Server struct {
	URL string // such as "http://127.0.0.1:40123"

	cmd  *exec.Cmd
	log  *log
	done chan struct{} // closed when the process has ended
}

// startTimeout is how long an application may take until it answers.
const startTimeout = 60 * time.Second

// Start runs the application in the Python file, which it calls "app", on a
// free port of 127.0.0.1, and returns when it answers. Env are further
// variables, as NAME=VALUE. The process and its children end with the test;
// what it printed is logged if the test fails.
func Start(t testing.TB, file string, env ...string) *Server {
	t.Helper()
	python := needs.FastAPI(t)
	// uvicorn is handed the socket, so that no other process can take the
	// port between choosing and binding it.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	absolute, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	module := strings.TrimSuffix(filepath.Base(absolute), ".py")
	s := &Server{URL: "http://" + listener.Addr().String(), log: &log{}, done: make(chan struct{})}
	s.cmd = exec.Command(python, "-m", "uvicorn", "--app-dir", filepath.Dir(absolute), "--fd", "3", "--no-access-log", module+":app")
	s.cmd.ExtraFiles = []*os.File{socket}
	s.cmd.Env = append(append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1"), env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	// A group of its own, so that children end with it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("uvicorn %s said:\n%s", file, s.log)
		}
	})
	s.wait(t)
	return s
}

// Stop ends the process and its children, and returns when they have ended.
func (s *Server) Stop() {
	syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.done
}

// Running reports whether the process still runs.
func (s *Server) Running() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// wait asks until the application answers. The socket listens from the start,
// so the first request waits in its queue, and no polling is needed.
func (s *Server) wait(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	go func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	res, err := tr.RoundTrip(req)
	if err != nil {
		if !s.Running() {
			t.Fatalf("uvicorn ended before it answered:\n%s", s.log)
		}
		t.Fatalf("uvicorn did not answer within %v: %v", startTimeout, err)
	}
	res.Body.Close()
}

// A log keeps the last of what a process prints. It is safe for concurrent
// use.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const maxLog = 64 << 10

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buf.Len() > maxLog {
		l.buf.Next(l.buf.Len() / 2)
	}
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
