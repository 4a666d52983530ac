package p2p

import (
	"context"
	"errors"
	"net"
	"syscall"

	"sixgate/p2p/proxy"
)

// Why is why a way leads nowhere, as one of a few reasons that can be counted.
type Why uint8

const (
	WhyOther Why = iota
	WhyRefused
	WhySilent
	WhyNoRoute
	WhyNoName
	WhyNoNameServer
	WhyOtherKey
	WhyProxyAsks
	WhyProxyRefuses // what it was answered
	WhyNoDirectWay
	WhyUnseen
	WhyUnmet
)

var whys = [...]string{"other", "refused", "no answer", "no route", "no such name", "no name server", "another key",
	"proxy wants credentials", "wrong proxy credentials", "symmetric router or firewall", "gateway does not see another port", "host not ready"}

// String is the reason in a word or some; one of a newer version is "other".
func (w Why) String() string {
	if int(w) < len(whys) {
		return whys[w]
	}
	return whys[WhyOther]
}

// why finds the reason in an error.
func why(err error) Why {
	name, unresolved := errors.AsType[*net.DNSError](err)
	slow, timed := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errNoWay):
		return WhyNoDirectWay
	case errors.Is(err, errUnseen):
		return WhyUnseen
	case errors.Is(err, errUnmet):
		return WhyUnmet
	case errors.Is(err, ErrOtherGateway):
		return WhyOtherKey
	case errors.Is(err, proxy.ErrWantsCredentials):
		return WhyProxyAsks
	case errors.Is(err, proxy.ErrWrongCredentials):
		return WhyProxyRefuses
	case unresolved && name.IsNotFound:
		return WhyNoName
	case unresolved:
		return WhyNoNameServer
	case errors.Is(err, syscall.ECONNREFUSED):
		return WhyRefused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return WhyNoRoute
	case errors.Is(err, errSilent), errors.Is(err, context.DeadlineExceeded), timed && slow.Timeout():
		return WhySilent
	}
	return WhyOther
}
