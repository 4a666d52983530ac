// Package proxy reaches addresses through HTTP proxies, by CONNECT (RFC 9110 §9.3.6), with credentials in Basic (RFC 7617)
// or Digest (RFC 7616). What a proxy answers is taken for hostile: it is bounded in length and time.
package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	answerFor = 10 * time.Second // for the proxy's answer, which waits for its own connection
	maxAnswer = 16 << 10         // bytes of an answer's header
)

// A proxy's refusals that callers branch on. Neither holds what was sent.
var (
	ErrWantsCredentials = errors.New("the proxy asks for a name and a password: give them with --proxy " +
		"http://NAME:PASSWORD@HOST:PORT")
	ErrWrongCredentials = errors.New("the proxy does not take this name and password: see that they are right")
)

// Parse reads a proxy's address: http://[NAME:PASSWORD@]HOST:PORT, or https://… for TLS to the proxy. Without a scheme it is
// http. An error holds no password.
func Parse(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(u.Hostname(), "\r\n \t") {
		return nil, errors.New("a proxy's address must look like http://proxy.example.com:3128, or " +
			"http://NAME:PASSWORD@proxy.example.com:3128") // err would show the password
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("a proxy of the kind %q is not supported: http and https are", u.Scheme)
	}
	return u, nil
}

// Dial connects to address (host:port) through a proxy. The proxy resolves the host. Errors name neither user nor password.
func Dial(ctx context.Context, via *url.URL, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	var authorization string
	for {
		conn, err := connect(ctx, via)
		if err != nil {
			return nil, fmt.Errorf("the proxy %s cannot be reached: %w", Name(via), err)
		}
		stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
		through, challenges, err := ask(conn, address, authorization)
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err == nil && through != nil {
			return through, nil
		}
		conn.Close()
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("the proxy %s: %w", Name(via), ctx.Err())
		case err != nil:
			return nil, fmt.Errorf("the proxy %s: %w", Name(via), err)
		case via.User == nil:
			return nil, fmt.Errorf("the proxy %s: %w", Name(via), ErrWantsCredentials)
		case authorization != "":
			return nil, fmt.Errorf("the proxy %s: %w", Name(via), ErrWrongCredentials)
		}
		if authorization, err = authorize(challenges, via.User, address); err != nil {
			return nil, fmt.Errorf("the proxy %s: %w", Name(via), err)
		}
	}
}

// Name is a proxy without its credentials.
func Name(via *url.URL) string { return net.JoinHostPort(via.Hostname(), port(via)) }

func port(via *url.URL) string {
	if p := via.Port(); p != "" {
		return p
	}
	if via.Scheme == "https" {
		return "443"
	}
	return "80"
}

// connect reaches the proxy itself.
func connect(ctx context.Context, via *url.URL) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", Name(via))
	if err != nil || via.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: via.Hostname()})
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// ask asks a proxy for address. It returns the way through or, where the proxy wants credentials, its challenges.
func ask(conn net.Conn, address, authorization string) (through net.Conn, challenges []string, err error) {
	request := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n"
	if authorization != "" {
		request += "Proxy-Authorization: " + authorization + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		return nil, nil, err
	}
	header := &io.LimitedReader{R: conn, N: maxAnswer}
	r := bufio.NewReader(header)
	answer, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err != nil {
		if header.N == 0 {
			err = fmt.Errorf("its answer is longer than %d bytes", maxAnswer)
		}
		return nil, nil, fmt.Errorf("it does not answer as a proxy does: %w", err)
	}
	switch answer.StatusCode {
	case http.StatusOK:
		early, _ := r.Peek(r.Buffered()) // what came with the answer is the far end's
		return &tunnel{Conn: conn, early: bytes.Clone(early)}, nil, nil
	case http.StatusProxyAuthRequired:
		return nil, answer.Header.Values("Proxy-Authenticate"), nil
	case http.StatusUnauthorized: // so tinyproxy says that they are wrong
		return nil, nil, ErrWrongCredentials
	}
	return nil, nil, fmt.Errorf("it refuses the connection to %s: %w", address, refusal(answer.StatusCode))
}

// refusal is a status in words; those that a proxy chooses are not shown.
type refusal int

func (r refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", int(r), http.StatusText(int(r))))
}

// tunnel is a connection whose first bytes have been read already.
type tunnel struct {
	net.Conn
	early []byte
}

func (t *tunnel) Read(b []byte) (int, error) {
	if len(t.early) > 0 {
		n := copy(b, t.early)
		t.early = t.early[n:]
		return n, nil
	}
	return t.Conn.Read(b)
}
