package p2p

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// explain says in words what an error on the way to an address means, and what a person can do about it.
func explain(err error, address string) (says, remedy string) {
	switch why(err) {
	case WhyOtherKey:
		return address + " has another key than the gateway: another program answers there",
			"see that the address is the gateway's and today's; if it is, do not go on, and tell the gateway's administrator"
	case WhyProxyAsks:
		return "the proxy asks for a name and a password", "give them with --proxy http://NAME:PASSWORD@HOST:PORT"
	case WhyProxyRefuses:
		return "the proxy does not take this name and password", "see that they are right, or ask the network's administrator for new ones"
	case WhyNoName:
		return fmt.Sprintf("there is no %s", name(err)), "see that the name is spelled as your supporter tells it"
	case WhyNoNameServer:
		return fmt.Sprintf("%s cannot be looked up: no name server answers", name(err)),
			"see that this computer is online and its network has a name server (DNS); or give the gateway's address in numbers, or a proxy with --proxy"
	case WhyRefused:
		return where(err, address) + " refuses", "see that the address is right and the gateway runs; if it does, ask the network's administrator to allow it"
	case WhyNoRoute:
		return "no network leads to " + where(err, address), "see that this computer is online; where only a proxy leads out, give it with --proxy"
	case WhySilent:
		return where(err, address) + " does not answer", "see that the gateway runs; if it does, ask the network's administrator to allow it"
	}
	return strings.ReplaceAll(err.Error(), "\n", " "), "show this line to the network's administrator"
}

// whyNotDirect says in words why an attempt at a direct connection came to nothing.
func whyNotDirect(err error) string {
	switch why(err) {
	case WhyNoDirectWay:
		return "neither end reaches the other: a router draws another port for each connection, or a firewall keeps them out"
	case WhyUnseen:
		return "from another port the gateway is not reached, or does not say where it sees this computer: a firewall may want a proxy to be used"
	case WhyUnmet:
		return "the other computer is not ready to be met directly: it may not reach the gateway from another port, or its user allows nothing now"
	}
	return "it broke off: " + strings.ReplaceAll(err.Error(), "\n", " ")
}

// name is what could not be looked up.
func name(err error) string {
	dns, _ := errors.AsType[*net.DNSError](err)
	return dns.Name
}

// where is what an error is about: the address or, where one is on the way, the proxy.
func where(err error, address string) string {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Addr != nil {
		return op.Addr.String()
	}
	return address
}
