package cli

import (
	"errors"
	"fmt"
)

// The exit codes that scripts may rely on.
const (
	ExitOK          = 0   // nothing at or above --fail-on
	ExitFindings    = 1   // findings
	ExitUsage       = 2   // wrong usage or configuration
	ExitIncomplete  = 3   // could not log in, reach the API, or exercise enough of it
	ExitInterrupted = 130 // interrupted; what was found so far is written
)

// An exitError ends the program with a code and, where err is not nil, a
// message.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exit(code int) error {
	if code == ExitOK {
		return nil
	}
	return &exitError{code: code}
}

func usage(err error) *exitError { return &exitError{ExitUsage, err} }

func usagef(format string, args ...any) *exitError {
	return usage(fmt.Errorf(format, args...))
}

func incomplete(err error) *exitError { return &exitError{ExitIncomplete, err} }

// allOf joins the errors that are not nil to one of wrong usage, so that
// every mistake on a command line is told at once.
func allOf(errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return usage(err)
	}
	return nil
}
