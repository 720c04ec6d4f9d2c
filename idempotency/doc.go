// Package idempotency makes retries of unsafe requests safe, as
// draft-ietf-httpapi-idempotency-key-header describes: a request that carries
// an Idempotency-Key runs once, and its answer is replayed to every repetition.
package idempotency
