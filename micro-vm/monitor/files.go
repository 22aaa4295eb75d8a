package monitor

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// mostKeptFiles is what the memory beside the guest's has room for.
const mostKeptFiles = 32768

// keptFiles is how many files the guest may keep that nobody uses: half of what virtiofsd may have open, as it has each of them.
func keptFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil && limit.Max < 2*mostKeptFiles {
		return int(limit.Max / 2)
	}
	return mostKeptFiles
}

// serveFiles starts virtiofsd, and gives what it says as long as it runs, and QEMU's end of the connection to it. The calling thread must
// stay, as with QEMU.
func serveFiles(configuration Configuration) (*tail, *os.File, error) {
	listening, err := net.ListenUnix("unix", &net.UnixAddr{Name: configuration.path("run/files"), Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	// The name goes with it: nobody else connects.
	defer listening.Close()
	socket, err := listening.File()
	if err != nil {
		return nil, nil, err
	}
	defer socket.Close()
	connected, err := net.DialUnix("unix", nil, listening.Addr().(*net.UnixAddr))
	if err != nil {
		return nil, nil, err
	}
	defer connected.Close()
	messages, itsMessages, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer itsMessages.Close()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer nothing.Close()
	program, filter := configuration.path("virtiofsd"), "kill"
	if os.Geteuid() == 0 {
		// As root without the capabilities of one it would have a library log that, which its own filter of system calls kills it for.
		filter = "none"
	}
	_, err = os.StartProcess(program, []string{
		program, "--fd=3", "--shared-dir=" + configuration.path("root"), "--seccomp=" + filter,
		// It is confined from outside, and has neither capabilities to keep nor the one that handles of files need.
		"--sandbox=none", "--modcaps=-chown:-dac_override:-fowner:-fsetid:-setgid:-setuid:-mknod:-setfcap", "--inode-file-handles=never",
		// The host's changes are to be seen, and files to be shared between processes by mmap, for which the machine keeps their pages.
		"--cache=auto", "--announce-submounts", "--log-level=error",
		// Without the second the machine asks for an attribute before each write. The host's kernel takes the set-user-id bit of what is
		// written in any case: this process has no capability to keep it.
		"--xattr", "--killpriv-v2",
	}, &os.ProcAttr{
		Env:   []string{},
		Files: []*os.File{nothing, itsMessages, itsMessages, socket},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("virtiofsd can't be started: %w", err)
	}
	connection, err := connected.File()
	if err != nil {
		return nil, nil, err
	}
	return follow(messages), connection, nil
}
