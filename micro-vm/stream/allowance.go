package stream

import (
	"errors"
	"sync"

	"agentcontainers.dev/micro-vm/protocol"
)

// ErrCredit is that the other end allows more than a window.
var ErrCredit = errors.New("more bytes are allowed than the window has")

// Allowance is how much of a stream may be sent.
type Allowance struct {
	lock    sync.Mutex
	changed *sync.Cond
	left    int
	closed  bool
}

// NewAllowance has a whole window.
func NewAllowance() *Allowance {
	allowance := &Allowance{left: protocol.Window}
	allowance.changed = sync.NewCond(&allowance.lock)
	return allowance
}

// Acquire waits until something may be sent, and takes up to that many bytes. It gives 0 when nothing is to be sent any more.
func (a *Allowance) Acquire(most int) int {
	a.lock.Lock()
	defer a.lock.Unlock()
	for a.left == 0 && !a.closed {
		a.changed.Wait()
	}
	if a.closed {
		return 0
	}
	if most > a.left {
		most = a.left
	}
	a.left -= most
	return most
}

// Add gives back what wasn't needed, or what the other end allows.
func (a *Allowance) Add(count uint32) error {
	a.lock.Lock()
	defer a.lock.Unlock()
	if int64(a.left)+int64(count) > protocol.Window {
		return ErrCredit
	}
	a.left += int(count)
	a.changed.Broadcast()
	return nil
}

// Close ends all waiting: nothing is sent any more.
func (a *Allowance) Close() {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.closed = true
	a.changed.Broadcast()
}
