package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// shared is a buffer that is written and read at the same time.
type shared struct {
	lock  sync.Mutex
	bytes bytes.Buffer
}

func (s *shared) Write(bytes []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.bytes.Write(bytes)
}

func (s *shared) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.bytes.String()
}

// repeating is a text without an end.
func repeating(text string) io.Reader { return &endless{text: text} }

type endless struct {
	text string
	at   int
}

func (e *endless) Read(to []byte) (int, error) {
	for i := range to {
		to[i] = e.text[e.at]
		e.at = (e.at + 1) % len(e.text)
	}
	return len(to), nil
}

// pattern is bytes of all values, in no order that a lost block would keep.
func pattern(length int) []byte {
	bytes := make([]byte, length)
	state := uint32(1)
	for i := range bytes {
		state = state*1664525 + 1013904223
		bytes[i] = byte(state >> 24)
	}
	return bytes
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, found, expected interface{}) {
	t.Helper()
	if found != expected {
		t.Errorf("found %#v, not %#v", found, expected)
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q isn't in %q", part, text)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	bytes, err := os.ReadFile(from)
	check(t, err)
	check(t, os.WriteFile(to, bytes, 0o755))
}

// staticBusybox is one that needs no libraries: the one that comes with the guest's kernel, or one of this machine.
func staticBusybox(t *testing.T) string {
	home, _ := os.UserHomeDir()
	fetched, _ := filepath.Glob(filepath.Join(home, ".cache/agentcontainers/guest/*/bin/busybox"))
	if len(fetched) == 0 {
		t.Fatal("there is no busybox: scripts/guest/kernel fetches it")
	}
	return fetched[len(fetched)-1]
}

func openTestTerminal(t *testing.T) (terminal, other *os.File) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	check(t, err)
	var unlocked int32
	control(t, terminal, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	peer, _, failure := syscall.Syscall(syscall.SYS_IOCTL, terminal.Fd(), 0x5441, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC)
	if failure != 0 {
		t.Fatal(failure)
	}
	return terminal, os.NewFile(peer, "terminal")
}

func resize(t *testing.T, terminal *os.File, rows, columns uint16) {
	size := [4]uint16{rows, columns}
	control(t, terminal, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
}

func control(t *testing.T, file *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, failure := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(argument)); failure != 0 {
		t.Fatal(failure)
	}
}
