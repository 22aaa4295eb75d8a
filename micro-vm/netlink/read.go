package netlink

import (
	"errors"
	"net"
	"syscall"

	"agentcontainers.dev/micro-vm/protocol"
)

// ErrNoInterface is that there is none with that name.
var ErrNoInterface = errors.New("there is no such interface")

// onLink is the flag of a route whose gateway is on the link whatever the addresses say; the others are states.
const onLink = 4

// Interface is what was read.
type Interface struct {
	Hardware net.HardwareAddr
	Network  protocol.Network
}

// Read reads the settings of that interface of this network namespace: those of IPv4.
func Read(name string) (Interface, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return Interface{}, err
	}
	for _, candidate := range interfaces {
		if candidate.Name == name {
			read := Interface{Hardware: candidate.HardwareAddr}
			read.Network.Interface, read.Network.MTU = name, candidate.MTU
			return read, read.fill(uint32(candidate.Index))
		}
	}
	return Interface{}, ErrNoInterface
}

func (i *Interface) fill(index uint32) error {
	err := each(syscall.RTM_GETADDR, syscall.RTM_NEWADDR, headerOfAddress, func(header []byte, attributes map[uint16][]byte) {
		if native.Uint32(header[4:]) != index {
			return
		}
		address := attributes[syscall.IFA_LOCAL]
		if address == nil {
			address = attributes[syscall.IFA_ADDRESS]
		}
		i.Network.Addresses = append(i.Network.Addresses, protocol.Address{Address: address, Prefix: header[1]})
	})
	if err != nil {
		return err
	}
	err = each(syscall.RTM_GETROUTE, syscall.RTM_NEWROUTE, headerOfRoute, func(header []byte, attributes map[uint16][]byte) {
		out := attributes[syscall.RTA_OIF]
		// What the kernel makes of the addresses it makes in the guest too.
		made := header[5] == syscall.RTPROT_KERNEL
		if header[4] != routeTableMain || header[7] != syscall.RTN_UNICAST || len(out) != 4 || native.Uint32(out) != index || made {
			return
		}
		i.Network.Routes = append(i.Network.Routes, protocol.Route{
			Destination: attributes[syscall.RTA_DST], Prefix: header[1], Gateway: attributes[syscall.RTA_GATEWAY],
			Scope: header[6], Flags: native.Uint32(header[8:]) & onLink,
		})
	})
	if err != nil {
		return err
	}
	return each(syscall.RTM_GETNEIGH, syscall.RTM_NEWNEIGH, headerOfNeighbour, func(header []byte, attributes map[uint16][]byte) {
		if native.Uint32(header[4:]) != index || native.Uint16(header[8:])&neighbourPermanent == 0 {
			return
		}
		i.Network.Neighbours = append(i.Network.Neighbours, protocol.Neighbour{
			Address: attributes[neighbourAddress], Hardware: attributes[neighbourHardware],
		})
	})
}

// each gives the messages of a dump that are about IPv4, each by its header and its attributes.
func each(ask, answer uint16, header int, take func(header []byte, attributes map[uint16][]byte)) error {
	dump, err := syscall.NetlinkRIB(int(ask), syscall.AF_INET)
	if err != nil {
		return err
	}
	messages, err := syscall.ParseNetlinkMessage(dump)
	if err != nil {
		return err
	}
	for _, message := range messages {
		if message.Header.Type == answer && len(message.Data) >= header && message.Data[0] == syscall.AF_INET {
			take(message.Data[:header], attributesOf(message.Data[header:]))
		}
	}
	return nil
}

func attributesOf(bytes []byte) map[uint16][]byte {
	attributes := map[uint16][]byte{}
	for len(bytes) >= 4 {
		length := int(native.Uint16(bytes))
		if length < 4 || length > len(bytes) {
			break
		}
		attributes[native.Uint16(bytes[2:])&0x3fff] = bytes[4:length]
		if length = (length + 3) &^ 3; length > len(bytes) {
			break
		}
		bytes = bytes[length:]
	}
	return attributes
}
