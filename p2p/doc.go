// Package p2p is the libp2p node of a host and of a bridge: how they reach the gateway, how a six-digit code becomes a
// Call, an end-to-end encrypted session between the two, and the channels that a Call carries. The messages are in
// p2p/message.
package p2p
