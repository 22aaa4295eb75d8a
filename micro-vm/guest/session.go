package guest

import (
	"os"
	"sync"
	"syscall"
	"time"

	"agentcontainers.dev/micro-vm/protocol"
	"agentcontainers.dev/micro-vm/stream"
)

// The most that is still taken of a stream when its process has ended: what a pipe can hold. Others may write to it without an end.
const mostLeft = 1 << 20

// session is one command with its streams.
type session struct {
	number   uint32
	sessions *sessions
	group    string
	pid      int
	input    *stream.Inbox
	toInput  *os.File
	terminal *os.File
	outputs  map[byte]*output
	exited   chan byte
}

// output is a stream that goes to the host.
type output struct {
	from      *os.File
	allowance *stream.Allowance
	once      sync.Once
}

// abandon ends a stream that nobody takes: who writes to it gets to know that.
func (o *output) abandon() {
	o.once.Do(func() {
		o.allowance.Close()
		o.from.Close()
	})
}

func newSession(number uint32, all *sessions) (*session, error) {
	group, err := all.groups.open()
	if err != nil {
		return nil, err
	}
	return &session{
		number: number, sessions: all, group: group,
		input: stream.NewInbox(), outputs: map[byte]*output{}, exited: make(chan byte, 1),
	}, nil
}

// begin starts the process.
func (s *session) begin(command protocol.Command) error {
	var files []*os.File
	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	if command.Terminal {
		terminal, other, err := openTerminal(s.sessions.root)
		if err != nil {
			return err
		}
		files = []*os.File{other, other, other}
		s.terminal, s.toInput = terminal, terminal
		s.outputs[protocol.Output] = &output{from: terminal, allowance: stream.NewAllowance()}
		s.resize(command.Rows, command.Columns)
	} else {
		input, toInput, err := os.Pipe()
		if err != nil {
			return err
		}
		files = append(files, input)
		s.toInput = toInput
		for _, number := range []byte{protocol.Output, protocol.Errors} {
			from, to, err := os.Pipe()
			if err != nil {
				return err
			}
			files = append(files, to)
			s.outputs[number] = &output{from: from, allowance: stream.NewAllowance()}
		}
	}
	pid, err := beginProcess(s.sessions.configuration, s.sessions.root, s.group, command, files)
	s.pid = pid
	return err
}

// discard leaves nothing of a session that could not begin.
func (s *session) discard() {
	for _, output := range s.outputs {
		output.abandon()
	}
	if s.toInput != nil {
		s.toInput.Close()
	}
	if s.group != "" {
		s.sessions.groups.close(s.group)
	}
}

// serve passes the streams until the process has ended.
func (s *session) serve() {
	var sent sync.WaitGroup
	for number := range s.outputs {
		sent.Add(1)
		go func(number byte) {
			defer sent.Done()
			s.send(number, s.outputs[number])
		}(number)
	}
	go s.passInput()
	go func() {
		code := <-s.exited
		for _, output := range s.outputs {
			// Ends the waiting for more; what is there is sent.
			_ = output.from.SetReadDeadline(time.Now())
		}
		sent.Wait()
		s.input.End()
		s.sessions.ended(s, code)
	}()
}

func (s *session) send(number byte, output *output) {
	defer output.abandon()
	buffer := make([]byte, protocol.Chunk)
	for left := mostLeft; left > 0; {
		allowed := output.allowance.Acquire(len(buffer))
		if allowed == 0 {
			return
		}
		count, err := output.from.Read(buffer[:allowed])
		if os.IsTimeout(err) {
			count = readNow(output.from, buffer[:allowed])
			left -= count
			if count == 0 {
				return
			}
		} else if err != nil {
			return
		}
		if s.sessions.writer.Write(protocol.Data, s.number, []byte{number}, buffer[:count]) != nil {
			return
		}
		_ = output.allowance.Add(uint32(allowed - count))
	}
}

// readNow reads what is there already of a file whose deadline is over.
func readNow(file *os.File, to []byte) int {
	connection, err := file.SyscallConn()
	if err != nil {
		return 0
	}
	count := 0
	_ = connection.Control(func(descriptor uintptr) {
		for {
			if count, err = syscall.Read(int(descriptor), to); err != syscall.EINTR {
				return
			}
		}
	})
	if count < 0 {
		return 0
	}
	return count
}

func (s *session) passInput() {
	buffer := make([]byte, protocol.Chunk)
	taken := true
	for {
		count, err := s.input.Take(buffer)
		if err != nil {
			break
		}
		if taken {
			if _, err := s.toInput.Write(buffer[:count]); err != nil {
				taken = false
				_ = s.sessions.writer.Write(protocol.Closed, s.number, []byte{protocol.Input})
			}
		}
		if told := s.input.Taken(count); told > 0 {
			_ = s.sessions.writer.Write(protocol.Credit, s.number, protocol.CreditBody(protocol.Input, told))
		}
	}
	// A terminal's end is the process's business.
	if s.terminal == nil {
		s.toInput.Close()
	}
}

// abort kills all that the session has begun.
func (s *session) abort() {
	// First the process itself, which may not have entered the group yet.
	s.sessions.signal(s, syscall.SIGKILL)
	_ = kill(s.group)
	for _, output := range s.outputs {
		output.allowance.Close()
	}
	s.input.End()
}
