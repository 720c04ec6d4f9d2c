package scan

import (
	"testing"

	"github.com/d710e0ae/countersign/internal/finding"
	"github.com/d710e0ae/countersign/internal/scan/openapi"
)

func TestChangesOwnAccount(t *testing.T) {
	for operation, want := range map[[2]string]bool{
		{"PUT", "/users/update"}:          true,
		{"PATCH", "/users/me"}:            true,
		{"POST", "/profile"}:              true,
		{"POST", "/account/edit"}:         true,
		{"PUT", "/user-settings"}:         true,
		{"POST", "/users"}:                false,
		{"POST", "/users/register"}:       false,
		{"PUT", "/users/{id}"}:            false,
		{"GET", "/users/me"}:              false,
		{"DELETE", "/users/me"}:           false,
		{"PUT", "/tasks/update"}:          false,
		{"POST", "/account/registration"}: false,
	} {
		op := &openapi.Operation{OperationRef: finding.OperationRef{Method: operation[0], Path: operation[1]}}
		if is := changesOwnAccount(op); is != want {
			t.Errorf("%s %s: %v, want %v", operation[0], operation[1], is, want)
		}
	}
}
