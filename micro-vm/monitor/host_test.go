package monitor

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agentcontainers.dev/micro-vm/protocol"
)

// fakeGuest is the other end of a host's port: a test says what it does.
type fakeGuest struct {
	*protocol.Reader
	*protocol.Writer
}

func start(t *testing.T) (*host, fakeGuest, chan error) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	host := newHost(protocol.NewReader(ours, protocol.FromGuest), protocol.NewWriter(ours), func() {})
	ended := make(chan error, 1)
	go func() {
		ended <- host.serve(protocol.Configuration{Hostname: "h"})
		// As the monitor's end does it.
		ours.Close()
	}()
	return host, fakeGuest{protocol.NewReader(theirs, protocol.ToGuest), protocol.NewWriter(theirs)}, ended
}

func (g fakeGuest) greet(t *testing.T) {
	g.say(t, protocol.Hello, 0, protocol.NumberBody(protocol.Version))
	if frame := g.hear(t); frame.Kind != protocol.Configure {
		t.Fatal(frame)
	}
	g.say(t, protocol.Ready, 0)
}

func (g fakeGuest) say(t *testing.T, kind protocol.Kind, session uint32, body ...[]byte) {
	t.Helper()
	if err := g.Write(kind, session, body...); err != nil {
		t.Fatal(err)
	}
}

func (g fakeGuest) hear(t *testing.T) protocol.Frame {
	t.Helper()
	frame, err := g.Read()
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func openAttached(t *testing.T, host *host) (uint32, *attached) {
	var session *attached
	number, err := host.open(func(frame protocol.Frame) error { return session.deliver(frame) })
	if err != nil {
		t.Fatal(err)
	}
	session = newAttached(func(kind protocol.Kind, body ...[]byte) error { return host.writer.Write(kind, number, body...) })
	return number, session
}

func TestASessionPassesItsStreamsAndItsExitCode(t *testing.T) {
	host, guest, _ := start(t)
	guest.greet(t)
	number, session := openAttached(t, host)
	var output, errors bytes.Buffer
	code := make(chan int)
	go func() { code <- session.run(strings.NewReader("input"), &output, &errors) }()
	if frame := guest.hear(t); frame.Kind != protocol.Data || string(frame.Bytes()) != "input" || frame.Session != number {
		t.Error(frame)
	}
	if frame := guest.hear(t); frame.Kind != protocol.End {
		t.Error(frame)
	}
	guest.say(t, protocol.Data, number, []byte{protocol.Output}, []byte("out"))
	guest.say(t, protocol.Data, number, []byte{protocol.Errors}, []byte("err"))
	guest.say(t, protocol.Exit, number, []byte{5})
	if got := <-code; got != 5 || output.String() != "out" || errors.String() != "err" {
		t.Error(got, output.String(), errors.String())
	}
	// Late frames of a session that has ended are nothing.
	guest.say(t, protocol.Data, number, []byte{protocol.Output}, []byte("late"))
	guest.say(t, protocol.Exit, number+1000, []byte{1})
}

func TestASessionThatNobodyReadsHoldsUpNoOther(t *testing.T) {
	host, guest, ended := start(t)
	guest.greet(t)
	unread, stuck := openAttached(t, host)
	blocked, release := io.Pipe()
	defer blocked.Close()
	go stuck.run(strings.NewReader(""), release, io.Discard)
	go io.Copy(io.Discard, guestFrames{guest})
	chunk := make([]byte, protocol.Chunk)
	for sent := 0; sent < protocol.Window; sent += len(chunk) {
		guest.say(t, protocol.Data, unread, []byte{protocol.Output}, chunk)
	}
	other, session := openAttached(t, host)
	var output bytes.Buffer
	code := make(chan int)
	go func() { code <- session.run(strings.NewReader(""), &output, io.Discard) }()
	guest.say(t, protocol.Data, other, []byte{protocol.Output}, []byte("passes"))
	guest.say(t, protocol.Exit, other, []byte{0})
	if got := <-code; got != 0 || output.String() != "passes" {
		t.Error(got, output.String())
	}
	// Whatever a chunk's writer has taken meanwhile, two windows are more than one.
	for sent := 0; sent < protocol.Window; sent += len(chunk) {
		if guest.Write(protocol.Data, unread, []byte{protocol.Output}, chunk) != nil {
			break
		}
	}
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "broke the protocol") {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("more than a window was taken")
	}
}

// guestFrames reads away what the host sends.
type guestFrames struct{ guest fakeGuest }

func (g guestFrames) Read(to []byte) (int, error) {
	_, err := g.guest.Reader.Read()
	return 0, err
}

func TestAHostileGuestEndsTheMachine(t *testing.T) {
	for what, attack := range map[string]func(t *testing.T, guest fakeGuest, session uint32){
		"another version": func(t *testing.T, guest fakeGuest, session uint32) {
			guest.say(t, protocol.Hello, 0, protocol.NumberBody(protocol.Version+1))
		},
		"ready at once": func(t *testing.T, guest fakeGuest, session uint32) { guest.say(t, protocol.Ready, 0) },
		"ready twice": func(t *testing.T, guest fakeGuest, session uint32) {
			guest.greet(t)
			guest.say(t, protocol.Ready, 0)
		},
		"bytes for the input": func(t *testing.T, guest fakeGuest, session uint32) {
			guest.greet(t)
			guest.say(t, protocol.Data, session, []byte{protocol.Input}, []byte("x"))
		},
		"credit beyond the window": func(t *testing.T, guest fakeGuest, session uint32) {
			guest.greet(t)
			guest.say(t, protocol.Credit, session, protocol.CreditBody(protocol.Input, 1))
		},
		"credit for output": func(t *testing.T, guest fakeGuest, session uint32) {
			guest.greet(t)
			guest.say(t, protocol.Credit, session, protocol.CreditBody(protocol.Output, 1))
		},
		"the host's frames": func(t *testing.T, guest fakeGuest, session uint32) {
			guest.greet(t)
			// Its header is enough to be refused.
			_ = guest.Write(protocol.Signal, session, []byte{9})
		},
	} {
		t.Run(what, func(t *testing.T) {
			host, guest, ended := start(t)
			session, _ := openAttached(t, host)
			attack(t, guest, session)
			select {
			case err := <-ended:
				if err == nil {
					t.Error("it ended without a reason")
				}
			case <-time.After(10 * time.Second):
				t.Error("it went on")
			}
		})
	}
}

func TestAClientThatDoesNotReadIsGivenUpAndNothingElse(t *testing.T) {
	host, guest, ended := start(t)
	guest.greet(t)
	session, _ := serveClients(t, host)
	connection := dial(t, session)
	if frame := guest.hear(t); frame.Kind != protocol.Start {
		t.Fatal(frame)
	}
	defer connection.Close()
	for sent := 0; sent < 4*mostWaiting; sent += protocol.Chunk {
		if err := guest.Write(protocol.Data, 1, []byte{protocol.Output}, make([]byte, protocol.Chunk)); err != nil {
			t.Fatal(err)
		}
	}
	if frame := guest.hear(t); frame.Kind != protocol.Abort || frame.Session != 1 {
		t.Error(frame)
	}
	select {
	case err := <-ended:
		t.Error("the machine went with it:", err)
	default:
	}
}

// A guest may keep to its windows and send byte by byte, while the client is stopped.
func TestAWindowOfSingleBytesIsKeptWhole(t *testing.T) {
	host, guest, ended := start(t)
	guest.greet(t)
	path, _ := serveClients(t, host)
	connection := dial(t, path)
	defer connection.Close()
	if frame := guest.hear(t); frame.Kind != protocol.Start {
		t.Fatal(frame)
	}
	for sent := 0; sent < protocol.Window; sent++ {
		for _, stream := range []byte{protocol.Output, protocol.Errors} {
			if err := guest.Write(protocol.Data, 1, []byte{stream}, []byte{byte(sent)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = guest.Write(protocol.Exit, 1, []byte{0})
	reader := protocol.NewReader(connection, protocol.FromGuest)
	next := map[byte]int{}
	for {
		frame, err := reader.Read()
		if err != nil {
			t.Fatal(err)
		}
		if frame.Kind == protocol.Exit {
			break
		}
		for _, value := range frame.Bytes() {
			if value != byte(next[frame.Stream()]) {
				t.Fatal("out of order")
			}
			next[frame.Stream()]++
		}
	}
	if next[protocol.Output] != protocol.Window || next[protocol.Errors] != protocol.Window {
		t.Error(next)
	}
	select {
	case err := <-ended:
		t.Error(err)
	default:
	}
}

func TestAClientThatGoesIsAborted(t *testing.T) {
	host, guest, _ := start(t)
	guest.greet(t)
	path, _ := serveClients(t, host)
	connection := dial(t, path)
	frame := guest.hear(t)
	command, err := protocol.DecodeCommand(frame.Body)
	if err != nil || command.Directory != "/there" || command.Arguments[0] != "program" {
		t.Error(command, err)
	}
	// What isn't for clients ends them too.
	if err := protocol.NewWriter(connection).Write(protocol.Abort, 1); err != nil {
		t.Fatal(err)
	}
	if frame := guest.hear(t); frame.Kind != protocol.Abort {
		t.Error(frame)
	}
}

func TestAClientThatWentBeforeTheGuestWasUpBeginsNothing(t *testing.T) {
	host, guest, _ := start(t)
	path, _ := serveClients(t, host)
	gone := dial(t, path)
	time.Sleep(50 * time.Millisecond)
	gone.Close()
	stays := dial(t, path, "stays")
	defer stays.Close()
	time.Sleep(50 * time.Millisecond)
	guest.greet(t)
	frame := guest.hear(t)
	if command, err := protocol.DecodeCommand(frame.Body); err != nil || command.Arguments[0] != "stays" {
		t.Error(command, err)
	}
}

func serveClients(t *testing.T, host *host) (string, *listener) {
	folder, err := os.MkdirTemp("", "micro-vm")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "control")
	clients, err := listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { clients.socket.Close(); os.RemoveAll(folder) })
	go clients.serve(Configuration{WorkingDirectory: "/there"}, host)
	return path, clients
}

func dial(t *testing.T, path string, command ...string) net.Conn {
	connection, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	start := protocol.Command{Arguments: append(command, "program")}
	if err := protocol.NewWriter(connection).Write(protocol.Start, 1, start.Encode()); err != nil {
		t.Fatal(err)
	}
	return connection
}

func TestWhatTheConsoleSaidCanHarmNoTerminal(t *testing.T) {
	kept := &tail{}
	for i := 0; i < 1000; i++ {
		kept.add([]byte("line\x1b[2J\r\n\n"))
	}
	if len(kept.bytes) != tailLength {
		t.Error(len(kept.bytes))
	}
	for _, line := range kept.lines() {
		if strings.ContainsAny(line, "\x1b\r\n") {
			t.Errorf("%q", line)
		}
	}
}
