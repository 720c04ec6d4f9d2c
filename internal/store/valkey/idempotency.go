package valkey

import (
	"context"
	"fmt"

	"github.com/valkey-io/valkey-go"

	"github.com/d710e0ae/countersign/idempotency"
)

// Idempotency is the idempotency.Store of the server. It is safe for
// concurrent use.
type Idempotency struct{ d *DB }

// Idempotency returns the idempotency records on the server.
func (d *DB) Idempotency() Idempotency { return Idempotency{d} }

var begin = valkey.NewLuaScript(prelude + `
if live(KEYS[1]) then
	local r = redis.call('HMGET', KEYS[1], 'owner', 'fingerprint', 'expires')
	local answer = redis.call('HGET', KEYS[1], 'answer')
	if answer then return {'exists', r[1], r[2], r[3], answer} end
	return {'exists', r[1], r[2], r[3]}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'fingerprint', ARGV[3], 'expires', ARGV[4])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[4]) - now)
return {'done'}
`)

const owned = prelude + `
if not live(KEYS[1]) or redis.call('HGET', KEYS[1], 'owner') ~= ARGV[2] or redis.call('HEXISTS', KEYS[1], 'answer') == 1 then return {'absent'} end
`

var finish = valkey.NewLuaScript(owned + `
redis.call('HSET', KEYS[1], 'answer', ARGV[3])
return {'done'}
`)

var abort = valkey.NewLuaScript(owned + `
redis.call('DEL', KEYS[1])
return {'done'}
`)

// Begin implements idempotency.Store.
func (s Idempotency) Begin(ctx context.Context, k idempotency.Key, r idempotency.Record) (idempotency.Record, bool, error) {
	answer, err := s.d.run(ctx, begin, []string{name("idempotency", k)}, s.d.now(), string(r.Owner[:]), string(r.Fingerprint[:]), ms(r.Expires))
	switch {
	case err != nil:
		return idempotency.Record{}, false, fmt.Errorf("valkey: %w", err)
	case len(answer) == 1 && answer[0] == done:
		return idempotency.Record{}, true, nil
	case len(answer) < 4 || answer[0] != exists:
		return idempotency.Record{}, false, fmt.Errorf("valkey: the server gave an unknown answer")
	}
	var have idempotency.Record
	if copy(have.Owner[:], answer[1]) != len(have.Owner) || copy(have.Fingerprint[:], answer[2]) != len(have.Fingerprint) {
		return idempotency.Record{}, false, fmt.Errorf("valkey: an idempotency record is malformed")
	}
	if err := readTimes(answer[3:], &have.Expires); err != nil {
		return idempotency.Record{}, false, err
	}
	if len(answer) == 5 {
		have.Answer = []byte(answer[4])
	}
	return have, false, nil
}

// Finish implements idempotency.Store.
func (s Idempotency) Finish(ctx context.Context, k idempotency.Key, owner idempotency.Owner, data []byte) error {
	return idempotencyError(s.d.run(ctx, finish, []string{name("idempotency", k)}, s.d.now(), string(owner[:]), string(data)))
}

// Abort implements idempotency.Store.
func (s Idempotency) Abort(ctx context.Context, k idempotency.Key, owner idempotency.Owner) error {
	return idempotencyError(s.d.run(ctx, abort, []string{name("idempotency", k)}, s.d.now(), string(owner[:])))
}

func idempotencyError(answer []string, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("valkey: %w", err)
	case len(answer) == 1 && answer[0] == done:
		return nil
	case len(answer) == 1 && answer[0] == absent:
		return idempotency.ErrNotFound
	}
	return fmt.Errorf("valkey: the server gave an unknown answer")
}
