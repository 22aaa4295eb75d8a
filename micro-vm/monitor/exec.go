package monitor

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"agentcontainers.dev/micro-vm/protocol"
)

// How long a monitor that has just been started may take until it listens.
const listening = 30 * time.Second

// The number that a client gives its only session; the monitor has its own.
const ownSession = protocol.MainSession

// Exec runs a further command in the guest of the machine of that folder, with the streams of this process, and gives the exit code.
func Exec(folder string, terminal bool, command []string) int {
	ownRuntime()
	signals := make(chan os.Signal, 16)
	for _, passed := range passedOn {
		signal.Notify(signals, passed)
	}
	signal.Ignore(syscall.SIGPIPE)
	connection, err := connect(filepath.Join(folder, "run", "control"))
	if err != nil {
		return failed(err, nil)
	}
	writer := protocol.NewWriter(connection)
	send := func(kind protocol.Kind, body ...[]byte) error { return writer.Write(kind, ownSession, body...) }
	start := protocol.Command{Arguments: command, Environment: os.Environ(), Terminal: terminal}
	if terminal {
		start.Rows, start.Columns = terminalSize(os.Stdin)
		resized := make(chan os.Signal, 1)
		signal.Notify(resized, syscall.SIGWINCH)
		go func() {
			for range resized {
				rows, columns := terminalSize(os.Stdin)
				_ = send(protocol.Size, protocol.SizeBody(rows, columns))
			}
		}()
		restore, err := makeRaw(os.Stdin)
		if err != nil {
			return failed(fmt.Errorf("the input is no terminal: %w", err), nil)
		}
		defer restore()
	}
	if err := send(protocol.Start, start.Encode()); err != nil {
		return failed(errors.New("the command and its environment are too long, or the machine ended"), nil)
	}
	session := newAttached(send)
	lost := make(chan error, 1)
	go func() { lost <- receive(connection, session) }()
	finished := make(chan int, 1)
	go func() { finished <- session.run(os.Stdin, os.Stdout, os.Stderr) }()
	for {
		select {
		case code := <-finished:
			return code
		case received := <-signals:
			_ = send(protocol.Signal, []byte{byte(received.(syscall.Signal))})
		case err := <-lost:
			if session.hasExited() {
				return <-finished
			}
			return failed(err, nil)
		}
	}
}

func receive(connection net.Conn, session *attached) error {
	reader := protocol.NewReader(connection, protocol.FromGuest)
	for {
		frame, err := reader.Read()
		if err == io.EOF {
			return errors.New("the machine ended, or takes no more sessions")
		}
		if err != nil {
			return err
		}
		if err := session.deliver(frame); err != nil {
			return err
		}
	}
}

func connect(path string) (net.Conn, error) {
	until := time.Now().Add(listening)
	for {
		connection, err := net.Dial("unix", path)
		if err == nil {
			return connection, nil
		}
		early := errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED)
		if !early || time.Now().After(until) {
			return nil, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// ParseExec reads the arguments of exec.
func ParseExec(arguments []string) (folder string, terminal bool, command []string, err error) {
	flags := flag.NewFlagSet("exec", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&terminal, "terminal", false, "")
	flags.StringVar(&folder, "machine", Folder, "")
	if err := flags.Parse(arguments); err != nil {
		return "", false, nil, err
	}
	if flags.NArg() == 0 {
		return "", false, nil, errors.New("exec needs a command")
	}
	return folder, terminal, flags.Args(), nil
}
