// Package lab is a bank that can be attacked, four times over: vulnerable,
// with the bearer remedy, with the cookie remedy, and the vulnerable one
// behind the guard; and the site of an attacker. The vulnerable one behaves
// as FastAPI does; a test holds it to the real thing.
package lab

import (
	"crypto/subtle"
	"errors"
	"sync"
)

// The accounts of the bank, and what is in each at the start.
const (
	Victim           = "alice"
	VictimPassword   = "wonderland-7"
	Attacker         = "mallory"
	AttackerPassword = "looking-glass-9"
	StartBalance     = 1_000_000
)

var (
	errNoAccount = errors.New("no such account")
	errFunds     = errors.New("insufficient funds")
)

// A bank keeps accounts. It is safe for concurrent use.
type bank struct {
	mu       sync.Mutex
	accounts map[string]*account
}

type account struct {
	password string
	balance  int
	email    string
	history  []Transfer
}

// A Transfer is money sent.
type Transfer struct {
	To     string `json:"to"`
	Amount int    `json:"amount"`
}

func newBank() *bank {
	return &bank{accounts: map[string]*account{
		Victim:   {password: VictimPassword, balance: StartBalance, email: Victim + "@bank.test"},
		Attacker: {password: AttackerPassword, balance: StartBalance, email: Attacker + "@bank.test"},
	}}
}

func (b *bank) login(user, password string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[user]
	return a != nil && subtle.ConstantTimeCompare([]byte(a.password), []byte(password)) == 1
}

func (b *bank) exists(user string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accounts[user] != nil
}

func (b *bank) balance(user string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accounts[user].balance
}

func (b *bank) history(user string) []Transfer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Transfer{}, b.accounts[user].history...)
}

func (b *bank) email(user string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accounts[user].email
}

func (b *bank) setEmail(user, email string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accounts[user].email = email
}

func (b *bank) transfer(from string, t Transfer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	to := b.accounts[t.To]
	if to == nil {
		return errNoAccount
	}
	sender := b.accounts[from]
	if t.Amount > sender.balance {
		return errFunds
	}
	sender.balance -= t.Amount
	to.balance += t.Amount
	sender.history = append(sender.history, t)
	return nil
}
