package netlink

import (
	"net"
	"syscall"

	"agentcontainers.dev/micro-vm/protocol"
)

// Up sets an interface up.
func Up(name string) error {
	found, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	return link(found.Index, syscall.IFF_UP).ask("setting " + name + " up")
}

func link(index int, flags uint32) *request {
	header := make([]byte, headerOfInterface)
	native.PutUint32(header[4:], uint32(index))
	native.PutUint32(header[8:], flags)
	native.PutUint32(header[12:], flags)
	return newRequest(syscall.RTM_NEWLINK, 0, header)
}

// Set gives the interface with that name the settings, its name among them, and sets it up.
func Set(name string, network protocol.Network) error {
	found, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	named := link(found.Index, 0).attribute(syscall.IFLA_IFNAME, append([]byte(network.Interface), 0)).
		attribute(syscall.IFLA_MTU, number(uint32(network.MTU)))
	if err := named.ask("naming the interface"); err != nil {
		return err
	}
	if err := Up(network.Interface); err != nil {
		return err
	}
	for _, address := range network.Addresses {
		header := make([]byte, headerOfAddress)
		header[0], header[1] = syscall.AF_INET, address.Prefix
		native.PutUint32(header[4:], uint32(found.Index))
		request := newRequest(syscall.RTM_NEWADDR, replace, header).
			attribute(syscall.IFA_LOCAL, address.Address).attribute(syscall.IFA_ADDRESS, address.Address)
		if err := request.ask("adding the address"); err != nil {
			return err
		}
	}
	for _, neighbour := range network.Neighbours {
		header := make([]byte, headerOfNeighbour)
		header[0] = syscall.AF_INET
		native.PutUint32(header[4:], uint32(found.Index))
		native.PutUint16(header[8:], neighbourPermanent)
		request := newRequest(syscall.RTM_NEWNEIGH, replace, header).
			attribute(neighbourAddress, neighbour.Address).attribute(neighbourHardware, neighbour.Hardware)
		if err := request.ask("adding the neighbour"); err != nil {
			return err
		}
	}
	// Those to the link first: gateways are reached over them.
	for _, direct := range []bool{true, false} {
		for _, route := range network.Routes {
			if (len(route.Gateway) == 0) == direct {
				if err := addRoute(found.Index, route); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func addRoute(index int, route protocol.Route) error {
	header := make([]byte, headerOfRoute)
	header[0], header[1] = syscall.AF_INET, route.Prefix
	header[4], header[5], header[6], header[7] = routeTableMain, routeProtocolStatic, route.Scope, syscall.RTN_UNICAST
	native.PutUint32(header[8:], route.Flags)
	request := newRequest(syscall.RTM_NEWROUTE, replace, header).attribute(syscall.RTA_OIF, number(uint32(index)))
	if len(route.Destination) > 0 {
		request.attribute(syscall.RTA_DST, route.Destination)
	}
	if len(route.Gateway) > 0 {
		request.attribute(syscall.RTA_GATEWAY, route.Gateway)
	}
	return request.ask("adding a route")
}
