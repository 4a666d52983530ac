// Package viewerbridge is the supporter's side of a session: it gets a code, waits for the host that types it, and shows
// the host's desktop to any VNC viewer that attaches to a port of this machine.
package viewerbridge

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
	"sixgate/rfbserver"
	"sixgate/session"
)

const (
	showEndFor   = 2 * time.Second // how long viewers see why a session ended
	reasonFor    = 2 * time.Second // how long after a host's screen its reason to end the session may arrive
	retryCodeFor = 2 * time.Second // between two tries to get a code from a gateway that has none for us
)

// Bridge serves one session after the other.
type Bridge struct {
	Profile    p2p.Profile
	Proxies    proxy.Settings
	Purpose    string       // what the end user is asked for, in a few words
	Mode       session.Mode // what sessions are to be for
	ViewerPort int          // on 127.0.0.1 and ::1; 0 takes a free one
	NoPassword bool         // otherwise each session has a random one
	Quality    int          // of the host's pictures: JPEG level 0 to 9, below 0 lossless
	Report     func(Event)
	Log        *slog.Logger

	call atomic.Pointer[p2p.Call] // that goes on; nil: none
}

// attendance is who may attach now: the viewers of one session.
type attendance struct {
	ctx      context.Context // ends when they are sent away; a field because viewers attach at any time before
	server   *rfbserver.Server
	attached atomic.Int32
}

// Run serves sessions until ctx ends. It returns an error where it cannot go on.
func (b *Bridge) Run(ctx context.Context) error {
	port, err := rfbserver.ListenLoopback(b.ViewerPort)
	if err != nil {
		return err
	}
	defer port.Close()
	node, err := p2p.DialBridge(ctx, p2p.BridgeOptions{
		Profile: b.Profile, Proxies: b.Proxies, Purpose: b.Purpose, Mode: b.Mode, System: runtime.GOOS, Log: b.Log,
		Reach:  func(r p2p.Reach) { b.Report(gatewayEvent(r)) },
		Direct: func(problem string) { b.Report(Event{Event: "direct", Reason: problem}) }})
	if err != nil {
		return err
	}
	defer node.Close()

	var now atomic.Pointer[attendance]
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() {
		port.Serve(ctx, func(conn net.Conn) {
			a := now.Load()
			if a == nil { // before the first session
				conn.Close()
				return
			}
			a.attached.Add(1)
			defer a.attached.Add(-1)
			a.server.Serve(a.ctx, conn) // the server logs who came and went
		})
	})
	for ctx.Err() == nil {
		if err := b.serveSession(ctx, node, port.Address(), &now); err != nil {
			return err
		}
	}
	return nil
}

// End ends the session that goes on, if one does.
func (b *Bridge) End() {
	if call := b.call.Load(); call != nil {
		call.End(session.BySupporter)
	}
}

// serveSession takes one session from its code to its end. Its error is one that no further session would cure.
func (b *Bridge) serveSession(ctx context.Context, node *p2p.Bridge, address string, now *atomic.Pointer[attendance]) error {
	m := newMirror()
	m.show("waiting for a code", "The gateway is asked for one.")
	a := &attendance{server: &rfbserver.Server{Desktop: m, Power: m.requestPower, Log: b.Log}}
	if !b.NoPassword {
		a.server.Password = rfbserver.RandomPassword()
	}
	// The viewers outlive ctx by the time they need to read why the session ended.
	viewers, sendAway := context.WithCancel(context.WithoutCancel(ctx))
	a.ctx = viewers
	var running sync.WaitGroup
	running.Go(func() { a.server.Run(viewers) })
	now.Store(a)
	defer running.Wait()
	defer sendAway()

	announced := false
	call, err := b.await(ctx, node, func(until time.Time) {
		m.show("waiting for the next code", "The last sessions ended at once. It comes at "+until.Format(time.TimeOnly)+".")
		b.Report(Event{Event: "wait", Until: until})
	}, func(code p2p.Code, why string) {
		m.show("waiting for the other side", "The code has not been typed in yet.")
		b.Report(Event{Event: "code", Code: code.Digits, Expires: code.Expires, Reason: why})
		if !announced {
			b.Report(Event{Event: "viewer", Address: address, Password: a.server.Password})
			announced = true
		}
	})
	var reason error
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, p2p.ErrNotAdmitted):
		return err
	case err != nil:
		reason = err
	default:
		reason = b.follow(ctx, call, m)
	}
	how, why, _ := strings.Cut(reason.Error(), ": ")
	m.show(how, why)
	b.Log.InfoContext(ctx, "session ended", "reason", reason)
	b.Report(Event{Event: "end", Reason: reason.Error()})
	if a.attached.Load() > 0 {
		time.Sleep(showEndFor)
	}
	return nil
}

// await gets a code, and a new one whenever it has expired or the gateway has forgotten it, until a host has typed one in. It tells of a
// code that waits for a time, and why one is new before its time.
func (b *Bridge) await(ctx context.Context, node *p2p.Bridge, waits func(until time.Time), issued func(code p2p.Code, why string)) (*p2p.Call, error) {
	for why := ""; ; {
		if until := node.CodeFrom(); time.Now().Before(until) {
			waits(until)
		}
		code, err := node.NewCode(ctx)
		if errors.Is(err, p2p.ErrNotAdmitted) {
			return nil, err
		}
		if err != nil { // the node is trying to reach the gateway, or that is busy
			b.Log.WarnContext(ctx, "no code yet", "err", err)
			select {
			case <-time.After(retryCodeFor):
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		issued(code, why)
		why = ""
		waiting, stop := context.WithDeadline(ctx, code.Expires)
		call, err := node.Accept(waiting)
		stop()
		if err != nil && ctx.Err() == nil && waiting.Err() != nil {
			continue // expired
		}
		if errors.Is(err, p2p.ErrForgotten) {
			why = err.Error()
			continue
		}
		return call, err
	}
}

// follow shows the call's desktop in m, or how far the end user is with deciding, until the call has ended. It returns why.
func (b *Bridge) follow(ctx context.Context, call *p2p.Call, m *mirror) error {
	defer context.AfterFunc(ctx, func() { call.End(session.BySupporter) })()
	b.Log.InfoContext(ctx, "host arrived", "host", call.Peer().Name, "system", call.Peer().System)
	b.Report(Event{Event: "check", Digits: call.CheckDigits(), Host: call.Peer().Name})
	var alerts sync.WaitGroup
	alerts.Go(func() {
		for a := range call.Alerts() {
			b.Report(Event{Event: "alert", Kind: a.Kind.String(), Title: a.Title})
		}
	})
	defer alerts.Wait()
	b.call.Store(call)
	defer b.call.Store(nil)
	f := following{Bridge: b, call: call, m: m}
	tick := time.NewTicker(trafficEvery)
	defer tick.Stop()
	for notices := call.Notices(); notices != nil; {
		select {
		case notice, more := <-notices:
			if !more {
				notices = nil
				break
			}
			f.heed(ctx, notice)
		case <-call.Changes():
			f.look()
		case <-f.late:
			f.wait()
		case <-m.stops:
			f.end()
		case <-tick.C:
			f.passed()
		}
	}
	f.showing.Wait()
	f.passed()
	return call.Err()
}
