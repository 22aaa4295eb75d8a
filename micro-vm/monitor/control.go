package monitor

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"agentcontainers.dev/micro-vm/protocol"
)

// mostWaiting bounds what is kept for a client that doesn't read: what one that keeps to the windows can be sent.
const mostWaiting = 2*protocol.Window + 64<<10

// What a frame takes beside its body, roughly.
const frameCost = 64

// listener takes the clients that begin further processes in the guest.
type listener struct{ socket *net.UnixListener }

func listen(path string) (*listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return &listener{socket}, nil
}

func (l *listener) serve(configuration Configuration, host *host) {
	for {
		connection, err := l.socket.AcceptUnix()
		if err != nil {
			return
		}
		client := &client{
			connection: connection, host: host, directory: configuration.WorkingDirectory,
			reader: protocol.NewReader(connection, protocol.ToGuest), writer: protocol.NewWriter(connection),
		}
		client.changed = sync.NewCond(&client.lock)
		go client.serve()
	}
}

// client is one connection: a session's frames go through it both ways. The windows are agreed between the client and the guest.
type client struct {
	connection *net.UnixConn
	host       *host
	directory  string
	reader     *protocol.Reader
	writer     *protocol.Writer

	lock    sync.Mutex
	changed *sync.Cond
	waiting []protocol.Frame
	cost    int
	gone    bool
}

func (c *client) serve() {
	defer c.connection.Close()
	defer c.leave()
	first, err := c.reader.Read()
	if err != nil || first.Kind != protocol.Start {
		return
	}
	command, err := protocol.DecodeCommand(first.Body)
	if err != nil {
		return
	}
	command.Directory = c.directory
	<-c.host.ready
	if c.hasLeft() {
		return
	}
	session, err := c.host.open(c.deliver)
	if err != nil {
		return
	}
	go c.passFromGuest()
	if c.host.writer.Write(protocol.Start, session, command.Encode()) != nil {
		return
	}
	for {
		frame, err := c.reader.Read()
		if err != nil {
			break
		}
		switch frame.Kind {
		case protocol.Data, protocol.End, protocol.Closed, protocol.Credit, protocol.Signal, protocol.Size:
			err = c.host.writer.Write(frame.Kind, session, frame.Body)
		default:
			err = errors.New("not for clients")
		}
		if err != nil {
			break
		}
	}
	// One that has ended is unknown in the guest, and what it left in the background goes on.
	_ = c.host.writer.Write(protocol.Abort, session)
}

// deliver keeps a frame of the guest's for the client, and never waits. A client that more comes for than the windows allow is given up:
// it is the guest's fault, or the client is one that others have stopped.
func (c *client) deliver(frame protocol.Frame) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.gone {
		return nil
	}
	if frame.Kind == protocol.Data && c.joined(frame) {
		c.cost += len(frame.Bytes())
	} else {
		c.waiting = append(c.waiting, frame)
		c.cost += len(frame.Body) + frameCost
	}
	if c.cost > mostWaiting {
		c.gone, c.waiting = true, nil
		// Its reader ends by that, and has the guest end the session.
		c.connection.Close()
	}
	c.changed.Broadcast()
	return nil
}

// joined adds bytes to the last ones that wait of their stream: a guest may send them one by one. Nothing passes a stream's end.
func (c *client) joined(frame protocol.Frame) bool {
	for i := len(c.waiting) - 1; i >= 0; i-- {
		last := &c.waiting[i]
		switch {
		case last.Kind == protocol.Exit:
			return false
		case last.Kind != protocol.Data && last.Kind != protocol.End, last.Stream() != frame.Stream():
			continue
		case last.Kind == protocol.End, len(last.Body)+len(frame.Bytes()) > 1+protocol.Chunk:
			return false
		}
		last.Body = append(last.Body, frame.Bytes()...)
		return true
	}
	return false
}

func (c *client) leave() {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.gone, c.waiting = true, nil
	c.changed.Broadcast()
}

// hasLeft says whether the client went while the machine was booting. What it wrote before that may still be unread.
func (c *client) hasLeft() bool {
	left := true
	connection, err := c.connection.SyscallConn()
	if err != nil {
		return left
	}
	_ = connection.Control(func(descriptor uintptr) {
		const hangUp = 0x10
		poll := struct {
			descriptor     int32
			events, result int16
		}{descriptor: int32(descriptor)}
		var now syscall.Timespec
		_, _, failure := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		left = failure == 0 && poll.result&hangUp != 0
	})
	return left
}

func (c *client) passFromGuest() {
	for {
		c.lock.Lock()
		for len(c.waiting) == 0 && !c.gone {
			c.changed.Wait()
		}
		if c.gone {
			c.lock.Unlock()
			return
		}
		frame := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.cost -= len(frame.Body) + frameCost
		c.lock.Unlock()
		if err := c.writer.Write(frame.Kind, frame.Session, frame.Body); err != nil || frame.Kind == protocol.Exit {
			return
		}
	}
}
