package valkey

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/d710e0ae/countersign/session"
)

// Sessions is the session.Store of the server. It is safe for concurrent use.
type Sessions struct{ d *DB }

// Sessions returns the sessions on the server.
func (d *DB) Sessions() Sessions { return Sessions{d} }

// A session is a hash. Those of a user are listed in a sorted set, by when
// they end; the hash says in which ("list"). A record that expires leaves its
// line in the list until the session would have ended.
const sessionPrelude = prelude + `
local function drop(key)
	local list = redis.call('HGET', key, 'list')
	if list and list ~= '' then redis.call('ZREM', list, key) end
	redis.call('DEL', key)
end
local function put(key, list, user, created, ends, seen, expires, revision, sealed)
	drop(key)
	redis.call('HSET', key, 'list', list, 'user', user, 'created', created, 'ends', ends, 'seen', seen, 'expires', expires, 'revision', revision, 'sealed', sealed)
	redis.call('PEXPIRE', key, tonumber(expires) - now)
	if list ~= '' then
		redis.call('ZREMRANGEBYSCORE', list, '-inf', now)
		redis.call('ZADD', list, ends, key)
		redis.call('PEXPIRE', list, math.max(redis.call('PTTL', list), tonumber(ends) - now))
	end
end
`

var createSession = valkey.NewLuaScript(sessionPrelude + `
if live(KEYS[1]) then return {'exists'} end
put(KEYS[1], unpack(ARGV, 2))
return {'done'}
`)

var getSession = valkey.NewLuaScriptReadOnly(prelude + `
if not live(KEYS[1]) then return {'absent'} end
local r = redis.call('HMGET', KEYS[1], 'user', 'created', 'ends', 'seen', 'expires', 'revision', 'sealed')
return {'done', unpack(r)}
`)

var touchSession = valkey.NewLuaScript(prelude + `
if not live(KEYS[1]) then return {'absent'} end
redis.call('HSET', KEYS[1], 'seen', ARGV[2], 'expires', ARGV[3])
redis.call('PEXPIRE', KEYS[1], tonumber(ARGV[3]) - now)
return {'done'}
`)

var replaceSession = valkey.NewLuaScript(sessionPrelude + `
if not live(KEYS[1]) then return {'absent'} end
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then return {'conflict'} end
if KEYS[1] ~= KEYS[2] and live(KEYS[2]) then return {'exists'} end
drop(KEYS[1])
put(KEYS[2], unpack(ARGV, 3))
return {'done'}
`)

var deleteSession = valkey.NewLuaScript(sessionPrelude + `
drop(KEYS[1])
return {'done'}
`)

var deleteUser = valkey.NewLuaScript(`
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('DEL', key) end
redis.call('DEL', KEYS[1])
return {'done'}
`)

func listOf(user string) string {
	if user == "" {
		return ""
	}
	return name("user", sha256.Sum256([]byte(user)))
}

func fields(r session.Record) []string {
	return []string{listOf(r.User), r.User, ms(r.Created), ms(r.End), ms(r.Seen), ms(r.Expires), strconv.FormatInt(r.Revision, 10), string(r.Sealed)}
}

func sessionError(answer []string, err error) error {
	if err != nil {
		return fmt.Errorf("valkey: %w", err)
	}
	if len(answer) == 0 {
		return fmt.Errorf("valkey: the server gave no answer")
	}
	switch answer[0] {
	case done:
		return nil
	case absent:
		return session.ErrNotFound
	case exists:
		return session.ErrExists
	case conflict:
		return session.ErrConflict
	}
	return fmt.Errorf("valkey: the server gave an unknown answer")
}

// Create implements session.Store.
func (s Sessions) Create(ctx context.Context, k session.Key, r session.Record) error {
	return sessionError(s.d.run(ctx, createSession, []string{name("session", k)}, append([]string{s.d.now()}, fields(r)...)...))
}

// Get implements session.Store.
func (s Sessions) Get(ctx context.Context, k session.Key) (session.Record, error) {
	answer, err := s.d.run(ctx, getSession, []string{name("session", k)}, s.d.now())
	if err := sessionError(answer, err); err != nil {
		return session.Record{}, err
	}
	if len(answer) != 8 {
		return session.Record{}, fmt.Errorf("valkey: a session is malformed")
	}
	r := session.Record{User: answer[1], Sealed: []byte(answer[7])}
	if err := readTimes(answer[2:], &r.Created, &r.End, &r.Seen, &r.Expires); err != nil {
		return session.Record{}, err
	}
	if r.Revision, err = strconv.ParseInt(answer[6], 10, 64); err != nil {
		return session.Record{}, fmt.Errorf("valkey: a session is malformed")
	}
	return r, nil
}

// Touch implements session.Store.
func (s Sessions) Touch(ctx context.Context, k session.Key, seen, expires time.Time) error {
	return sessionError(s.d.run(ctx, touchSession, []string{name("session", k)}, s.d.now(), ms(seen), ms(expires)))
}

// Replace implements session.Store.
func (s Sessions) Replace(ctx context.Context, old, next session.Key, r session.Record) error {
	revision := strconv.FormatInt(r.Revision, 10)
	r.Revision++
	return sessionError(s.d.run(ctx, replaceSession, []string{name("session", old), name("session", next)}, append([]string{s.d.now(), revision}, fields(r)...)...))
}

// Delete implements session.Store.
func (s Sessions) Delete(ctx context.Context, k session.Key) error {
	return sessionError(s.d.run(ctx, deleteSession, []string{name("session", k)}, s.d.now()))
}

// DeleteUser implements session.Store.
func (s Sessions) DeleteUser(ctx context.Context, user string) error {
	if user == "" {
		return nil
	}
	return sessionError(s.d.run(ctx, deleteUser, []string{listOf(user)}))
}
