package p2p

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// maxUpgrade is how many bytes may come before a WebSocket is one: a chain of certificates and an HTTP answer.
const maxUpgrade = 128 << 10

// socket makes a connection to host:port a WebSocket over TLS.
//
// The certificate is not verified, on purpose. Who answers is proved inside, by Noise and the gateway's peer id, whatever the
// certificate says; so a gateway works with one that it made itself, and through a proxy that opens TLS. TLS is here for those who
// let nothing else pass.
func socket(ctx context.Context, raw net.Conn, address string) (net.Conn, error) {
	limit := &bounded{Conn: raw}
	limit.left.Store(maxUpgrade)
	d := websocket.Dialer{
		NetDialContext:  func(context.Context, string, string) (net.Conn, error) { return limit, nil },
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		ReadBufferSize:  64 << 10, WriteBufferSize: 64 << 10,
	}
	ws, _, err := d.DialContext(ctx, "wss://"+address+"/", nil)
	if err != nil {
		raw.Close()
		return nil, err
	}
	limit.left.Store(-1)
	return &socketConn{Conn: ws}, nil
}

// bounded is a connection that gives no more bytes than are left; below 0 it has no bound.
type bounded struct {
	net.Conn
	left atomic.Int64
}

var errTooLong = errors.New("the answer is too long for a WebSocket's")

func (b *bounded) Read(p []byte) (int, error) {
	left := b.left.Load()
	if left == 0 {
		return 0, errTooLong
	}
	if left > 0 && int64(len(p)) > left {
		p = p[:left]
	}
	n, err := b.Conn.Read(p)
	if left > 0 {
		b.left.Add(-int64(n))
	}
	return n, err
}

// socketConn is a WebSocket as a net.Conn: the messages' borders mean nothing.
type socketConn struct {
	*websocket.Conn
	message io.Reader  // that is being read
	writing sync.Mutex // gorilla takes one writer at a time
}

func (c *socketConn) Read(b []byte) (int, error) {
	for {
		if c.message == nil {
			kind, m, err := c.NextReader()
			if _, closed := errors.AsType[*websocket.CloseError](err); closed {
				err = io.EOF
			}
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errors.New("a WebSocket carries text where libp2p is expected")
			}
			c.message = m
		}
		n, err := c.message.Read(b)
		if err == io.EOF {
			c.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (c *socketConn) Write(b []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *socketConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
