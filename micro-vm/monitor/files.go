package monitor

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

const (
	// mostKeptFiles is what the memory beside the guest's has room for.
	mostKeptFiles = 32768

	// threadsOfFiles is how many operations may wait for the host at once: with one thread a disk that is slow, or a folder that hangs, would
	// hold up all others.
	threadsOfFiles = 16

	// What virtiofsd keeps of its descriptors for itself. Source: its INTERNAL_FD_RESERVE.
	ownDescriptors = 609 + threadsOfFiles
)

// keptFiles is how many files the guest may keep that nobody uses, where so many descriptors may be open: half of what virtiofsd has for
// the guest, as it has each of them open, and each that is in use once more.
func keptFiles(descriptors uint64) int {
	switch {
	case descriptors/2 >= mostKeptFiles+ownDescriptors/2:
		return mostKeptFiles
	case descriptors < ownDescriptors+2:
		return 1
	default:
		return int(descriptors-ownDescriptors) / 2
	}
}

// mostDescriptors is how many a process may have.
func mostDescriptors() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return limit.Max
}

// serveFiles starts virtiofsd, and gives what it says as long as it runs, and QEMU's end of the connection to it.
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
	_, err = startConfined(configuration.path("root"), program, []string{
		program, "--fd=3", "--shared-dir=" + configuration.path("root"), "--seccomp=" + filter,
		// It is confined from outside, and has neither capabilities to keep nor the one that handles of files need.
		"--sandbox=none", "--modcaps=-chown:-dac_override:-fowner:-fsetid:-setgid:-setuid:-mknod:-setfcap", "--inode-file-handles=never",
		// The host's changes are to be seen, and files to be shared between processes by mmap, for which the machine keeps their pages.
		"--cache=auto", "--announce-submounts", "--log-level=error", "--thread-pool-size=" + strconv.Itoa(threadsOfFiles),
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
	return followUntil(messages, "panicked at"), connection, nil
}
