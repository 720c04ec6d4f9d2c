package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
)

// derive makes a key of the identifier for one purpose. The identifier is
// uniformly random, so HMAC alone is a sound derivation (RFC 5869 §3.3).
func (i id) derive(purpose string) (out [sha256.Size]byte) {
	mac := hmac.New(sha256.New, i[:])
	mac.Write([]byte("countersign session "))
	mac.Write([]byte(purpose))
	mac.Sum(out[:0])
	return out
}

func (i id) key() Key { return sha256.Sum256(i[:]) }

// The store holds the hash of the identifier and the data under a key made of
// the identifier itself: who steals the store has neither sessions nor data,
// and who may write to it cannot give a session another user.

func (i id) aead() (cipher.AEAD, error) {
	k := i.derive("data")
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// about binds the sealed data to what the record says in clear.
func about(k Key, r *Record) []byte {
	b := append([]byte(nil), k[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Created.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(r.End.UnixMilli()))
	return append(b, r.User...)
}

func (i id) seal(random io.Reader, r *Record, data []byte) error {
	aead, err := i.aead()
	if err != nil {
		return err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(data)+aead.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return errors.Join(ErrRandom, err)
	}
	r.Sealed = aead.Seal(nonce, nonce, data, about(i.key(), r))
	return nil
}

func (i id) open(r *Record) ([]byte, error) {
	aead, err := i.aead()
	if err != nil {
		return nil, err
	}
	if len(r.Sealed) < aead.NonceSize() {
		return nil, errors.New("the record was changed in the store")
	}
	n := aead.NonceSize()
	data, err := aead.Open(nil, r.Sealed[:n], r.Sealed[n:], about(i.key(), r))
	if err != nil {
		return nil, errors.New("the record was changed in the store")
	}
	return data, nil
}
