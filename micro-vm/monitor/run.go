package monitor

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"agentcontainers.dev/micro-vm/protocol"
)

// Failed is the exit code of a machine that ended before its agent did.
const Failed = 125

// mostLines is how much is told of what a machine said before it failed.
const mostLines = 12

// killedForMemory is looked for by who has to know why an agent was killed.
const killedForMemory = "micro-VM: the machine's kernel has killed a process for want of memory"

// Folder is where the machine is in its container.
const Folder = "/machine"

// Run boots the machine of that folder and runs its command there, and gives the exit code.
func Run(folder string) int {
	// QEMU dies with the thread that has started it.
	runtime.LockOSThread()
	ownRuntime()
	signals := make(chan os.Signal, 16)
	for _, passed := range passedOn {
		signal.Notify(signals, passed)
	}
	// The agent's reader may go: this process must not go by that.
	signal.Ignore(syscall.SIGPIPE)
	go reap()
	configuration, err := readConfiguration(folder)
	if err != nil {
		return failed(err, nil)
	}
	clients, err := listen(configuration.path("run/control"))
	if err != nil {
		return failed(err, nil)
	}
	network, err := findNetwork(configuration.Interface)
	if err != nil {
		return failed(err, nil)
	}
	var tap *os.File
	if network != nil {
		if tap, err = openTap(configuration.path("tun")); err != nil {
			return failed(err, nil)
		}
	}
	machine, err := startMachine(configuration, tap, network)
	if err != nil {
		return failed(err, nil)
	}
	var tellKilled sync.Once
	host := newHost(protocol.NewReader(machine.port, protocol.FromGuest), protocol.NewWriter(machine.port), func() {
		tellKilled.Do(func() { fmt.Fprintln(os.Stderr, killedForMemory) })
	})
	return attend(configuration, network, machine, host, clients, signals)
}

// ownRuntime takes from the agent's variables what they say to this program's runtime.
func ownRuntime() {
	debug.SetGCPercent(100)
	debug.SetMemoryLimit(math.MaxInt64)
}

func attend(configuration Configuration, network *networkSettings, machine *machine, host *host, clients *listener,
	signals chan os.Signal) int {
	var session *attached
	number, err := host.open(func(frame protocol.Frame) error { return session.deliver(frame) })
	if err != nil {
		return failed(err, machine)
	}
	session = newAttached(func(kind protocol.Kind, body ...[]byte) error { return host.writer.Write(kind, number, body...) })
	broken := make(chan error, 2)
	go func() { broken <- host.serve(guestConfiguration(configuration, network)) }()
	go func() {
		select {
		case <-machine.files.done:
			// It ends with the machine too, of which that is told first.
			time.Sleep(time.Second)
			broken <- errors.New("what serves the machine's files has ended")
		case <-machine.files.alarm:
			broken <- errors.New("what serves the machine's files has failed")
		}
	}()
	go clients.serve(configuration, host)

	finished := make(chan int, 1)
	ready := host.ready
	passed := make(chan os.Signal, cap(signals))
	for {
		select {
		case <-ready:
			ready = nil
			command := protocol.Command{
				Directory: configuration.WorkingDirectory, Arguments: configuration.Command, Environment: os.Environ(),
			}
			go func() {
				// Where that fails the port is at its end, which is told by who reads it.
				_ = host.writer.Write(protocol.Start, number, command.Encode())
				// Only now: of a session that has not begun the guest knows nothing.
				go func() {
					for received := range passed {
						_ = host.writer.Write(protocol.Signal, number, []byte{byte(received.(syscall.Signal))})
					}
				}()
				finished <- session.run(os.Stdin, os.Stdout, os.Stderr)
			}()
		case received := <-signals:
			if ready == nil {
				select {
				case passed <- received:
				default: // As of a kernel's, of which one waits too.
				}
			} else if received == syscall.SIGTERM || received == syscall.SIGINT {
				return 128 + int(received.(syscall.Signal))
			}
		case code := <-finished:
			return code
		case err := <-broken:
			// The machine may go once its agent has ended, however it does so.
			if ready == nil && session.hasExited() {
				return <-finished
			}
			return failed(err, machine)
		}
	}
}

func guestConfiguration(configuration Configuration, network *networkSettings) protocol.Configuration {
	guest := protocol.Configuration{
		Hostname: configuration.Hostname, User: configuration.User, Group: configuration.Group, Groups: configuration.Groups,
		Tasks: configuration.Tasks, OpenFiles: configuration.OpenFiles, Privileged: configuration.Privileged,
		KeptFiles: keptFiles(mostDescriptors()),
	}
	if network != nil {
		guest.Network = &network.guest
	}
	return guest
}

// failed says why on one line, and then what the guest's console and QEMU said at last.
func failed(err error, machine *machine) int {
	if machine == nil {
		fmt.Fprintln(os.Stderr, "micro-VM:", printable(err.Error()))
		return Failed
	}
	machine.end()
	messages, console := machine.messages.lines(), machine.console.lines()
	reason := printable(err.Error())
	if err == io.EOF {
		reason = "the machine ended before the agent did"
		for _, line := range append(messages, console...) {
			if strings.Contains(line, "panic") {
				reason += ": " + line
				break
			}
		}
	}
	fmt.Fprintln(os.Stderr, "micro-VM:", reason)
	for by, lines := range map[string][]string{"QEMU": messages, "console": console, "files": machine.files.lines()} {
		if over := len(lines) - mostLines; over > 0 {
			lines = lines[over:]
		}
		for _, line := range lines {
			fmt.Fprintf(os.Stderr, "micro-VM: %s: %s\n", by, line)
		}
	}
	return Failed
}

// reap takes the status of every child: as the first process of its namespace this one gets those of others too.
func reap() {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for range children {
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if err == syscall.EINTR {
				continue
			}
			if err != nil || pid <= 0 {
				break
			}
		}
	}
}
