package guest

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"agentcontainers.dev/micro-vm/protocol"
)

// sessions are the commands that run by the host's word.
type sessions struct {
	configuration protocol.Configuration
	writer        *protocol.Writer
	groups        *groups
	root          int

	lock     sync.Mutex
	byNumber map[uint32]*session
	byPid    map[int]*session
	telling  sync.Mutex
}

func newSessions(configuration protocol.Configuration, writer *protocol.Writer, groups *groups, root int) *sessions {
	return &sessions{
		configuration: configuration, writer: writer, groups: groups, root: root,
		byNumber: map[uint32]*session{}, byPid: map[int]*session{},
	}
}

// take does what a frame says, and never waits for a process of the agent's. Frames of sessions that have ended are late, and are nothing.
func (s *sessions) take(frame protocol.Frame) error {
	if frame.Kind == protocol.Start {
		command, err := protocol.DecodeCommand(frame.Body)
		if err != nil {
			return err
		}
		s.start(frame.Session, command)
		return nil
	}
	s.lock.Lock()
	session := s.byNumber[frame.Session]
	s.lock.Unlock()
	if session == nil {
		return nil
	}
	switch frame.Kind {
	case protocol.Data:
		return session.input.Put(frame.Bytes())
	case protocol.End:
		session.input.End()
	case protocol.Credit:
		if allowance := session.outputs[frame.Stream()]; allowance != nil {
			return allowance.allowance.Add(frame.Amount())
		}
	case protocol.Closed:
		if output := session.outputs[frame.Stream()]; output != nil {
			output.abandon()
		}
	case protocol.Signal:
		s.signal(session, syscall.Signal(frame.Body[0]))
	case protocol.Size:
		rows, columns := frame.TerminalSize()
		session.resize(rows, columns)
	case protocol.Abort:
		session.abort()
	}
	return nil
}

func (s *sessions) signal(session *session, signal syscall.Signal) {
	s.lock.Lock()
	defer s.lock.Unlock()
	// Under the lock nobody has reaped it yet, so that the number is still its own.
	if s.byPid[session.pid] == session {
		_ = syscall.Kill(session.pid, signal)
	}
}

// start begins a command. What goes wrong is told as that command's errors.
func (s *sessions) start(number uint32, command protocol.Command) {
	session, err := newSession(number, s)
	if err == nil {
		// The reaper waits until the process is known.
		s.lock.Lock()
		if err = session.begin(command); err == nil {
			s.byNumber[number], s.byPid[session.pid] = session, session
		}
		s.lock.Unlock()
		if err == nil {
			session.serve()
			return
		}
		session.discard()
	}
	text := "micro-VM: " + command.Arguments[0] + " can't be started: " + err.Error() + "\n"
	if len(text) > protocol.Chunk {
		text = text[:protocol.Chunk]
	}
	_ = s.writer.Write(protocol.Data, number, []byte{protocol.Errors}, []byte(text))
	_ = s.writer.Write(protocol.Exit, number, []byte{cannotStart})
}

// ended is called by a session whose process has ended and whose output is sent.
func (s *sessions) ended(session *session, code byte) {
	if session.number == protocol.MainSession {
		// As in a container: all ends with its first process. Nothing that was written is lost with the machine.
		_ = kill(s.groups.agent)
		syscall.Sync()
	} else {
		s.groups.close(session.group)
	}
	s.lock.Lock()
	delete(s.byNumber, session.number)
	s.lock.Unlock()
	s.tellKilled()
	_ = s.writer.Write(protocol.Exit, session.number, []byte{code})
}

// tellKilled has told when it returns, whoever else is at it: an exit that comes after it is known for what it is.
func (s *sessions) tellKilled() {
	s.telling.Lock()
	defer s.telling.Unlock()
	if count := s.groups.newlyKilled(); count > 0 {
		_ = s.writer.Write(protocol.Killed, 0, protocol.NumberBody(uint32(count)))
	}
}

// reap takes the status of every process that has ended: those of sessions, and those whose parents have gone.
func (s *sessions) reap() {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for {
		for {
			var status syscall.WaitStatus
			pid, session, err := s.reapOne(&status)
			if err == syscall.EINTR {
				continue
			}
			if err != nil || pid <= 0 {
				break
			}
			if session != nil {
				session.exited <- exitCode(status)
			}
		}
		s.groups.swept()
		<-children
	}
}

func (s *sessions) reapOne(status *syscall.WaitStatus) (int, *session, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	pid, err := syscall.Wait4(-1, status, syscall.WNOHANG, nil)
	session := s.byPid[pid]
	delete(s.byPid, pid)
	return pid, session, err
}

func exitCode(status syscall.WaitStatus) byte {
	if status.Signaled() {
		return byte(128 + int(status.Signal()))
	}
	return byte(status.ExitStatus())
}
