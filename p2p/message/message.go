// Package message holds what hosts, bridges and gateways say to each other, and how it is framed.
package message

//go:generate sh -c "cd ../.. && go build -modfile=tools.mod -o /tmp/sixgate-protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go && cd p2p/message && protoc --plugin=protoc-gen-go=/tmp/sixgate-protoc-gen-go --go_out=paths=source_relative:. message.proto"

import (
	"encoding/binary"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"
)

// Max is the longest message in bytes: four names of 200 and some. A stranger can have a gateway wait for many at a time.
const Max = 4 << 10

// Read reads one message: its length (4 bytes, big-endian), then its protobuf form. It reads nothing beyond.
func Read(r io.Reader, m proto.Message) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > Max {
		return fmt.Errorf("message of %d bytes: more than %d", n, Max)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("message of %d bytes: %w", n, noEOF(err))
	}
	return proto.Unmarshal(b, m)
}

// Write writes messages with a single call of w.Write.
func Write(w io.Writer, messages ...proto.Message) error {
	var b []byte
	for _, m := range messages {
		start := len(b)
		var err error
		if b, err = (proto.MarshalOptions{}).MarshalAppend(append(b, 0, 0, 0, 0), m); err != nil {
			return err
		}
		n := len(b) - start - 4
		if n > Max {
			return fmt.Errorf("message of %d bytes: more than %d", n, Max)
		}
		binary.BigEndian.PutUint32(b[start:], uint32(n))
	}
	_, err := w.Write(b)
	return err
}

// noEOF keeps a message that was cut from looking like the end of a conversation.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
