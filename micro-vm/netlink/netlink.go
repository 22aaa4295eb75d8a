// Package netlink reads the settings of a network interface, and makes them: no more than the one interface of a machine needs.
package netlink

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"
)

// What package syscall doesn't have.
const (
	neighbourPermanent  = 0x80
	neighbourAddress    = 1
	neighbourHardware   = 2
	headerOfInterface   = 16
	headerOfAddress     = 8
	headerOfRoute       = 12
	headerOfNeighbour   = 12
	routeTableMain      = 254
	routeProtocolStatic = 4
	replace             = syscall.NLM_F_CREATE | syscall.NLM_F_REPLACE
)

var native = nativeOrder()

func nativeOrder() binary.ByteOrder {
	number := uint16(1)
	if *(*byte)(unsafe.Pointer(&number)) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// request is a message under construction.
type request struct{ bytes []byte }

func newRequest(kind, flags uint16, header []byte) *request {
	bytes := make([]byte, syscall.NLMSG_HDRLEN, 128)
	native.PutUint16(bytes[4:], kind)
	native.PutUint16(bytes[6:], flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	return &request{append(bytes, header...)}
}

func (r *request) attribute(kind uint16, value []byte) *request {
	var header [4]byte
	native.PutUint16(header[:], uint16(len(header)+len(value)))
	native.PutUint16(header[2:], kind)
	r.bytes = append(append(r.bytes, header[:]...), value...)
	for len(r.bytes)%4 != 0 {
		r.bytes = append(r.bytes, 0)
	}
	return r
}

func number(value uint32) []byte {
	bytes := make([]byte, 4)
	native.PutUint32(bytes, value)
	return bytes
}

// ask sends the request and waits for the kernel's answer.
func (r *request) ask(what string) error {
	if err := r.exchange(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (r *request) exchange() error {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	native.PutUint32(r.bytes, uint32(len(r.bytes)))
	if err := syscall.Sendto(socket, r.bytes, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	buffer := make([]byte, 8192)
	for {
		count, _, err := syscall.Recvfrom(socket, buffer, 0)
		if err != nil {
			return err
		}
		messages, err := syscall.ParseNetlinkMessage(buffer[:count])
		if err != nil {
			return err
		}
		for _, message := range messages {
			if message.Header.Type != syscall.NLMSG_ERROR || len(message.Data) < 4 {
				continue
			}
			if code := int32(native.Uint32(message.Data)); code != 0 {
				return syscall.Errno(-code)
			}
			return nil
		}
	}
}
