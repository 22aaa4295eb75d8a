package monitor

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"agentcontainers.dev/micro-vm/protocol"
)

// mostSessions bounds what a guest that nobody reads can make the monitor keep: two windows each.
const mostSessions = 256

// host is the monitor's end of the guest's port: it hands each session's frames to whoever has it.
type host struct {
	reader *protocol.Reader
	writer *protocol.Writer
	ready  chan struct{}
	killed func()

	lock     sync.Mutex
	next     uint32
	sessions map[uint32]func(protocol.Frame) error
}

func newHost(reader *protocol.Reader, writer *protocol.Writer, killed func()) *host {
	return &host{
		reader: reader, writer: writer, killed: killed,
		ready: make(chan struct{}), next: protocol.MainSession, sessions: map[uint32]func(protocol.Frame) error{},
	}
}

// open gives a new session to who takes its frames. He must not wait in that.
func (h *host) open(deliver func(protocol.Frame) error) (uint32, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if len(h.sessions) >= mostSessions {
		return 0, fmt.Errorf("there are %d sessions already", mostSessions)
	}
	session := h.next
	h.next++
	if h.next == 0 {
		return 0, errors.New("there were too many sessions")
	}
	h.sessions[session] = deliver
	return session, nil
}

// serve greets the guest and then takes its frames until the port ends or the guest breaks a rule.
func (h *host) serve(configuration protocol.Configuration) error {
	first, err := h.reader.Read()
	if err != nil {
		return err
	}
	if first.Kind != protocol.Hello || first.Number() != protocol.Version {
		return errors.New("the guest doesn't speak this protocol")
	}
	configuration.Time = time.Now().UnixNano()
	body, err := configuration.Encode()
	if err != nil {
		return err
	}
	if err := h.writer.Write(protocol.Configure, 0, body); err != nil {
		return err
	}
	greeted := false
	for {
		frame, err := h.reader.Read()
		if err != nil {
			return err
		}
		switch frame.Kind {
		case protocol.Failure:
			return fmt.Errorf("the guest says: %s", printable(string(frame.Body)))
		case protocol.Ready:
			if greeted {
				return errors.New("the guest was ready twice")
			}
			greeted = true
			close(h.ready)
		case protocol.Killed:
			h.killed()
		case protocol.Hello:
			return errors.New("the guest began twice")
		default:
			if err := h.pass(frame); err != nil {
				return fmt.Errorf("the guest broke the protocol: %w", err)
			}
		}
	}
}

// pass hands a frame over. Sessions that have ended are nobody's: their late frames go nowhere.
func (h *host) pass(frame protocol.Frame) error {
	h.lock.Lock()
	deliver := h.sessions[frame.Session]
	if frame.Kind == protocol.Exit {
		delete(h.sessions, frame.Session)
	}
	h.lock.Unlock()
	if deliver == nil {
		return nil
	}
	return deliver(frame)
}

// passedOn are the signals that reach the guest, by numbers that its architectures have in common.
var passedOn = []syscall.Signal{
	syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}
