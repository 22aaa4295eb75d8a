package monitor

import (
	"os"
	"syscall"
	"unsafe"
)

type windowSize struct{ rows, columns, width, height uint16 }

func terminalSize(file *os.File) (rows, columns uint16) {
	var size windowSize
	if ioctl(file.Fd(), syscall.TIOCGWINSZ, unsafe.Pointer(&size)) != nil {
		return 0, 0
	}
	return size.rows, size.columns
}

// makeRaw leaves all that a terminal does with its input to the one in the guest.
func makeRaw(file *os.File) (restore func(), err error) {
	var before syscall.Termios
	if err := ioctl(file.Fd(), syscall.TCGETS, unsafe.Pointer(&before)); err != nil {
		return nil, err
	}
	raw := before
	raw.Iflag &^= syscall.IGNBRK | syscall.BRKINT | syscall.PARMRK | syscall.ISTRIP | syscall.INLCR | syscall.IGNCR |
		syscall.ICRNL | syscall.IXON
	raw.Oflag &^= syscall.OPOST
	raw.Lflag &^= syscall.ECHO | syscall.ECHONL | syscall.ICANON | syscall.ISIG | syscall.IEXTEN
	raw.Cflag = raw.Cflag&^(syscall.CSIZE|syscall.PARENB) | syscall.CS8
	raw.Cc[syscall.VMIN], raw.Cc[syscall.VTIME] = 1, 0
	if err := ioctl(file.Fd(), syscall.TCSETS, unsafe.Pointer(&raw)); err != nil {
		return nil, err
	}
	return func() { _ = ioctl(file.Fd(), syscall.TCSETS, unsafe.Pointer(&before)) }, nil
}

func ioctl(descriptor uintptr, request uintptr, argument unsafe.Pointer) error {
	if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, descriptor, request, uintptr(argument)); err != 0 {
		return err
	}
	return nil
}
