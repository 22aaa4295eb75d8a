package guest

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// TIOCGPTPEER, by which a terminal's other end is had without a path.
const terminalPeer = 0x5441

// openTerminal makes a terminal of the agent's and gives both its ends.
func openTerminal(root int) (terminal, other *os.File, err error) {
	descriptor, err := syscall.Openat(root, "dev/pts/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("there is no terminal: %w", err)
	}
	terminal = os.NewFile(uintptr(descriptor), "terminal")
	unlocked := int32(0)
	if err := ioctl(descriptor, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked)); err != nil {
		terminal.Close()
		return nil, nil, err
	}
	peer, _, failure := syscall.Syscall(syscall.SYS_IOCTL, uintptr(descriptor), terminalPeer,
		syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC)
	if failure != 0 {
		terminal.Close()
		return nil, nil, failure
	}
	return terminal, os.NewFile(peer, "terminal"), nil
}

func (s *session) resize(rows, columns uint16) {
	if s.terminal == nil {
		return
	}
	connection, err := s.terminal.SyscallConn()
	if err != nil {
		return
	}
	size := struct{ rows, columns, width, height uint16 }{rows, columns, 0, 0}
	_ = connection.Control(func(descriptor uintptr) {
		_ = ioctl(int(descriptor), syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	})
}

func ioctl(descriptor int, request uintptr, argument unsafe.Pointer) error {
	if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, uintptr(descriptor), request, uintptr(argument)); err != 0 {
		return err
	}
	return nil
}
