package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"sixgate/p2p/proxy"
)

// explain says in words what an error on the way to an address means, and what a person can do about it.
func explain(err error, address string) (says, remedy string) {
	name, unresolved := errors.AsType[*net.DNSError](err)
	slow, timed := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, ErrOtherGateway):
		return address + " has another key than the gateway: another program answers there",
			"see that the address is the gateway's and today's; if it is, do not go on, and tell the gateway's administrator"
	case errors.Is(err, proxy.ErrWantsCredentials):
		return "the proxy asks for a name and a password", "give them with --proxy http://NAME:PASSWORD@HOST:PORT"
	case errors.Is(err, proxy.ErrWrongCredentials):
		return "the proxy does not take this name and password", "see that they are right, or ask the network's administrator for new ones"
	case unresolved && name.IsNotFound:
		return fmt.Sprintf("there is no %s", name.Name), "see that the name is spelled as your supporter tells it"
	case unresolved:
		return fmt.Sprintf("%s cannot be looked up: no name server answers", name.Name),
			"see that this computer is online and its network has a name server (DNS); or give the gateway's address in numbers, or a proxy with --proxy"
	case errors.Is(err, syscall.ECONNREFUSED):
		return where(err, address) + " refuses", "see that the address is right and the gateway runs; if it does, ask the network's administrator to allow it"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no network leads to " + where(err, address), "see that this computer is online; where only a proxy leads out, give it with --proxy"
	case errors.Is(err, errSilent), errors.Is(err, context.DeadlineExceeded), timed && slow.Timeout():
		return where(err, address) + " does not answer", "see that the gateway runs; if it does, ask the network's administrator to allow it"
	}
	return strings.ReplaceAll(err.Error(), "\n", " "), "show this line to the network's administrator"
}

// whyNotDirect says in words why an attempt at a direct connection came to nothing.
func whyNotDirect(err error) string {
	switch {
	case errors.Is(err, errNoWay):
		return "neither end reaches the other: a router draws another port for each connection, or a firewall keeps them out"
	case errors.Is(err, errUnseen):
		return "from another port the gateway is not reached, or does not say where it sees this computer: a firewall may want a proxy to be used"
	case errors.Is(err, errUnmet):
		return "the other computer is not ready to be met directly: it may not reach the gateway from another port, or its user allows nothing now"
	case errors.Is(err, errSpot):
		return "the other computer told an address where it cannot be"
	case errors.Is(err, ErrGateway):
		return "the gateway is not connected"
	}
	return "it broke off: " + strings.ReplaceAll(err.Error(), "\n", " ")
}

// where is what an error is about: the address or, where one is on the way, the proxy.
func where(err error, address string) string {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Addr != nil {
		return op.Addr.String()
	}
	return address
}
