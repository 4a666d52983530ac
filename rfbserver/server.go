package rfbserver

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sixgate/rfb"
)

// Server shares a Desktop with any number of viewers. Run must be running for them to come in.
type Server struct {
	Desktop  Desktop
	Password string       // for VncAuth, which looks at its first 8 bytes; "": security None
	Log      *slog.Logger // nil: no log
	// Patience is how long a viewer may take to come in; 0: 10 s.
	Patience time.Duration

	// Power shuts the computer down, reboots or resets it, or returns false: the user may be asked. It returns soon after
	// ctx ends, when the viewer has left. One call is made at a time. nil: viewers are not offered it.
	Power func(ctx context.Context, action rfb.PowerAction) bool

	start    sync.Once
	watch    watch
	picture  picture
	coders   coders
	exchange exchange
	guard    guard
	input    input
	crowd    crowd
	resizer  resizer
	resizing atomic.Pointer[viewer] // whose wish for a size is being done
	asking   atomic.Bool            // Power is
	joins    chan *viewer
	leaves   chan *viewer
	poke     chan struct{} // capacity 1: a viewer waits
	ended    chan struct{} // Run is over
}

var errNoDesktop = errors.New("the desktop is no longer shared")

func (s *Server) init() {
	s.start.Do(func() {
		if s.Log == nil {
			s.Log = slog.New(slog.DiscardHandler)
		}
		s.joins = make(chan *viewer)
		s.leaves = make(chan *viewer)
		s.poke = make(chan struct{}, 1)
		s.ended = make(chan struct{})
		s.coders = newCoders()
		s.exchange.init()
		s.resizer.turn = make(chan struct{}, 1)
		s.resizer.done = make(chan resized)
		s.input.init(s.Desktop)
	})
}

// Serve lets a viewer take part, from the handshake until it leaves, the desktop is no longer shared or ctx
// ends. Its keys and buttons are released then, and conn is closed. Serve logs that the viewer came and
// why it left, and returns why: nil when it left by itself.
func (s *Server) Serve(ctx context.Context, conn net.Conn) error {
	s.init()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { conn.Close(); close(closed) })
	defer func() {
		if stop() {
			conn.Close()
		} else {
			<-closed
		}
	}()
	log := s.Log.With("viewer", conn.RemoteAddr())
	v, err := s.admit(ctx, cancel, conn)
	if err == nil {
		log.Info("viewer came", "version", v.version)
		err = v.serve(ctx)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, io.EOF) && v != nil {
		err = nil
	}
	log.Info("viewer left", "why", err)
	return err
}

// admit leads the handshake, from the version to ServerInit.
func (s *Server) admit(ctx context.Context, cancel context.CancelCauseFunc, conn net.Conn) (*viewer, error) {
	defer s.guard.admit(cancel)()
	late := time.AfterFunc(cmp.Or(s.Patience, handshakeFor), func() { cancel(errHandshake) })
	defer late.Stop()
	a := rfb.Admission{Password: s.Password, Answered: func(right bool) { wait(ctx, s.guard.pause(right)) }}
	version, err := a.Admit(conn)
	if err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	v := newViewer(s, conn, version, cancel)
	if err := s.join(ctx, v); err != nil {
		return nil, err
	}
	init := rfb.ServerInit{Size: v.size, Format: rfb.Native, Name: v.told}
	if _, err := conn.Write(init.Append(nil)); err != nil {
		s.leave(v)
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return v, nil
}

// join makes v one of the viewers that Run knows, with the desktop's size and name.
func (s *Server) join(ctx context.Context, v *viewer) error {
	select {
	case s.joins <- v:
		<-v.joined
		return nil
	case <-s.ended:
		return errNoDesktop
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Server) leave(v *viewer) {
	select {
	case s.leaves <- v:
	case <-s.ended:
	}
}

// await tells Run that a viewer waits for something new.
func (s *Server) await() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// serve runs the conversation after the handshake: one goroutine reads, another writes.
func (v *viewer) serve(ctx context.Context) error {
	defer v.works.Wait()
	defer v.server.leave(v)
	defer v.server.exchange.leave(v)
	defer v.release()
	var writer sync.WaitGroup
	writer.Go(func() {
		if err := v.write(ctx); err != nil {
			v.leave(err)
		}
	})
	err := v.read(ctx, bufio.NewReader(v.conn))
	if ctx.Err() == nil {
		v.leave(err)
	}
	writer.Wait()
	return err
}
