// Package stream holds one direction of a session's stream: what has come and wasn't taken, and what may still be sent.
package stream

import (
	"errors"
	"io"
	"sync"

	"agentcontainers.dev/micro-vm/protocol"
)

// ErrOverrun is that more came than was allowed.
var ErrOverrun = errors.New("more bytes came than the window allows")

// Inbox keeps what has come for a stream until it is taken: a window of bytes at most.
type Inbox struct {
	lock    sync.Mutex
	changed *sync.Cond
	// A ring of at most a window, which grows by what really comes.
	bytes         []byte
	first, length int
	ended         bool
	untold        int
}

// NewInbox is one that is empty and not at its end.
func NewInbox() *Inbox {
	inbox := &Inbox{}
	inbox.changed = sync.NewCond(&inbox.lock)
	return inbox
}

// Put keeps bytes that came. It never waits.
func (i *Inbox) Put(bytes []byte) error {
	i.lock.Lock()
	defer i.lock.Unlock()
	if i.ended {
		return nil
	}
	if i.length+len(bytes) > protocol.Window {
		return ErrOverrun
	}
	i.grow(i.length + len(bytes))
	at := (i.first + i.length) % len(i.bytes)
	copied := copy(i.bytes[at:], bytes)
	copy(i.bytes, bytes[copied:])
	i.length += len(bytes)
	i.changed.Broadcast()
	return nil
}

func (i *Inbox) grow(needed int) {
	if needed <= len(i.bytes) {
		return
	}
	size := 4096
	for size < needed {
		size *= 2
	}
	grown := make([]byte, size)
	i.copyTo(grown)
	i.bytes, i.first = grown, 0
}

func (i *Inbox) copyTo(to []byte) int {
	if i.length == 0 {
		return 0
	}
	until := i.first + i.length
	if until <= len(i.bytes) {
		return copy(to, i.bytes[i.first:until])
	}
	copied := copy(to, i.bytes[i.first:])
	return copied + copy(to[copied:], i.bytes[:until-len(i.bytes)])
}

// End says that nothing comes any more.
func (i *Inbox) End() {
	i.lock.Lock()
	defer i.lock.Unlock()
	i.ended = true
	i.changed.Broadcast()
}

// Take waits for bytes and hands them over. The end is io.EOF.
func (i *Inbox) Take(to []byte) (int, error) {
	i.lock.Lock()
	defer i.lock.Unlock()
	for i.length == 0 {
		if i.ended {
			return 0, io.EOF
		}
		i.changed.Wait()
	}
	taken := i.copyTo(to)
	i.length -= taken
	i.first = (i.first + taken) % len(i.bytes)
	return taken, nil
}

// Taken says that bytes have been dealt with, and gives what the other end should be told: 0 as long as that is little.
func (i *Inbox) Taken(count int) uint32 {
	i.lock.Lock()
	defer i.lock.Unlock()
	i.untold += count
	if i.untold < protocol.Window/4 {
		return 0
	}
	told := i.untold
	i.untold = 0
	return uint32(told)
}
