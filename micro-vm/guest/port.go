package guest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// port is a serial port of the machine. Its calls wait in the kernel, which is simpler to rely on than readiness of such a device.
type port struct{ descriptor int }

// openPort waits for the port of that name: the host tells of its ports only after the driver has come.
func openPort(name string) (*port, error) {
	for until := time.Now().Add(60 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, err
		}
		for _, file := range names {
			if bytes, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(bytes)) != name {
				continue
			}
			descriptor, err := syscall.Open("/dev/"+filepath.Base(filepath.Dir(file)), syscall.O_RDWR|syscall.O_CLOEXEC, 0)
			if err != nil {
				return nil, fmt.Errorf("opening the port: %w", err)
			}
			return &port{descriptor}, nil
		}
	}
	return nil, errors.New("the machine has no port named " + name)
}

func (p *port) Read(to []byte) (int, error) {
	for {
		count, err := syscall.Read(p.descriptor, to)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case count == 0:
			return 0, io.EOF
		default:
			return count, nil
		}
	}
}

func (p *port) Write(from []byte) (int, error) {
	written := 0
	for written < len(from) {
		count, err := syscall.Write(p.descriptor, from[written:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return written, err
		}
		written += count
	}
	return written, nil
}
