package monitor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"

	"agentcontainers.dev/micro-vm/netlink"
	"agentcontainers.dev/micro-vm/protocol"
)

// The device that exists already, whose frames others exchange with the interface's.
const tapName = "tap0"

// networkSettings are those of the interface in this network namespace, which the guest's gets.
type networkSettings struct {
	hardware net.HardwareAddr
	guest    protocol.Network
}

// findNetwork reads the settings of that interface; there are none where there is no such interface.
func findNetwork(name string) (*networkSettings, error) {
	if name == "" {
		return nil, nil
	}
	found, err := netlink.Read(name)
	if errors.Is(err, netlink.ErrNoInterface) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the settings of %s can't be read: %w", name, err)
	}
	if len(found.Hardware) != 6 {
		return nil, fmt.Errorf("%s has no MAC address", name)
	}
	return &networkSettings{hardware: found.Hardware, guest: found.Network}, nil
}

const (
	tunSetInterface = 0x400454ca
	tap             = 0x0002
	withoutHeader   = 0x1000
	virtualHeader   = 0x4000
)

func openTap(path string) (*os.File, error) {
	descriptor, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	var request struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], tapName)
	request.flags = tap | withoutHeader | virtualHeader
	if err := ioctl(uintptr(descriptor), tunSetInterface, unsafe.Pointer(&request)); err != nil {
		syscall.Close(descriptor)
		return nil, fmt.Errorf("%s can't be had: %w", tapName, err)
	}
	return os.NewFile(uintptr(descriptor), tapName), nil
}
