package p2p

import (
	"net"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// What the programs speak with each other: each protocol's messages are in p2p/message.
const (
	CodeProtocol    protocol.ID = "/sixgate/code/1"    // a bridge asks the gateway
	RedeemProtocol  protocol.ID = "/sixgate/redeem/1"  // a host asks the gateway
	ReportProtocol  protocol.ID = "/sixgate/report/1"  // both tell the gateway what they see of paths
	ArrivalProtocol protocol.ID = "/sixgate/arrival/1" // the gateway tells a bridge
	HostsProtocol   protocol.ID = "/sixgate/hosts/1"   // a bridge tells the gateway
	sessionProtocol protocol.ID = "/sixgate/session/1" // a host calls a bridge
	channelProtocol protocol.ID = "/sixgate/channel/1" // a bridge opens a channel to a host
	directProtocol  protocol.ID = "/sixgate/direct/1"  // a bridge and a host meet without the relay
)

// streamConn is a stream as a net.Conn. Its addresses are peer ids.
type streamConn struct{ network.Stream }

func (c streamConn) LocalAddr() net.Addr  { return peerAddr(c.Conn().LocalPeer().String()) }
func (c streamConn) RemoteAddr() net.Addr { return peerAddr(c.Conn().RemotePeer().String()) }

type peerAddr string

func (a peerAddr) Network() string { return "libp2p" }
func (a peerAddr) String() string  { return string(a) }
