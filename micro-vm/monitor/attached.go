package monitor

import (
	"fmt"
	"io"
	"sync"

	"agentcontainers.dev/micro-vm/protocol"
	"agentcontainers.dev/micro-vm/stream"
)

// attached is the host's end of a session: it joins the session's streams to files of this process.
type attached struct {
	send    func(kind protocol.Kind, body ...[]byte) error
	input   *stream.Allowance
	outputs map[byte]*stream.Inbox
	lock    sync.Mutex
	ended   bool
	code    int
	exited  chan struct{}
}

func newAttached(send func(kind protocol.Kind, body ...[]byte) error) *attached {
	return &attached{
		send:    send,
		input:   stream.NewAllowance(),
		outputs: map[byte]*stream.Inbox{protocol.Output: stream.NewInbox(), protocol.Errors: stream.NewInbox()},
		exited:  make(chan struct{}),
	}
}

// deliver takes a frame of the session. It never waits; an error means that the other end broke a rule.
func (a *attached) deliver(frame protocol.Frame) error {
	switch frame.Kind {
	case protocol.Data, protocol.End:
		inbox, known := a.outputs[frame.Stream()]
		if !known {
			return fmt.Errorf("bytes came for stream %d", frame.Stream())
		}
		if frame.Kind == protocol.Data {
			return inbox.Put(frame.Bytes())
		}
		inbox.End()
	case protocol.Credit:
		if frame.Stream() != protocol.Input {
			return fmt.Errorf("bytes were allowed for stream %d", frame.Stream())
		}
		return a.input.Add(frame.Amount())
	case protocol.Closed:
		a.input.Close()
	case protocol.Exit:
		a.end(int(frame.Body[0]))
	}
	return nil
}

func (a *attached) end(code int) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.ended {
		return
	}
	a.ended, a.code = true, code
	a.input.Close()
	for _, inbox := range a.outputs {
		inbox.End()
	}
	close(a.exited)
}

func (a *attached) hasExited() bool {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.ended
}

// run passes the streams until the session is at its end and all that came is written, and gives the exit code.
func (a *attached) run(input io.Reader, output, errors io.Writer) int {
	go a.passInput(input)
	var passed sync.WaitGroup
	passed.Add(2)
	for number, to := range map[byte]io.Writer{protocol.Output: output, protocol.Errors: errors} {
		go func(number byte, to io.Writer) {
			defer passed.Done()
			a.passOutput(number, to)
		}(number, to)
	}
	<-a.exited
	passed.Wait()
	return a.code
}

func (a *attached) passInput(from io.Reader) {
	buffer := make([]byte, protocol.Chunk)
	for {
		allowed := a.input.Acquire(len(buffer))
		if allowed == 0 {
			return
		}
		count, err := from.Read(buffer[:allowed])
		if count > 0 && a.send(protocol.Data, []byte{protocol.Input}, buffer[:count]) != nil {
			return
		}
		if err != nil {
			_ = a.send(protocol.End, []byte{protocol.Input})
			return
		}
		_ = a.input.Add(uint32(allowed - count))
	}
}

func (a *attached) passOutput(number byte, to io.Writer) {
	buffer := make([]byte, protocol.Chunk)
	inbox, taken := a.outputs[number], true
	for {
		count, err := inbox.Take(buffer)
		if err != nil {
			return
		}
		if taken {
			if _, err := to.Write(buffer[:count]); err != nil {
				// As a pipe that nobody reads: what writes to it is told so.
				taken = false
				_ = a.send(protocol.Closed, []byte{number})
			}
		}
		if told := inbox.Taken(count); told > 0 {
			_ = a.send(protocol.Credit, protocol.CreditBody(number, told))
		}
	}
}
