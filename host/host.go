// Package host is the end user's side of a session: it asks the end user, and only then shows the desktop, as far as the
// end user allows.
package host

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"runtime"
	"sync"
	"time"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
	"sixgate/rfbserver"
	"sixgate/session"
)

// answerFor is how long a supporter waits for the end user's answer to a question.
const answerFor = 5 * time.Minute

// Host shows one desktop in one session.
type Host struct {
	Gateways  []string // multiaddrs that end in /p2p/ and the gateway's peer id
	Proxies   proxy.Settings
	Desktop   Desktop
	Questions Questions
	Power     func(ctx context.Context, restart bool) error // of this computer; nil: nobody can ask for that
	OpenPanel func() (Panel, error)                         // for the session bar and the keys; nil: there is none
	ShowPage  func()                                        // opens the end user's page once more, without waiting; nil: there is none
	Language  string                                        // of the session bar: "de", "de_AT.UTF-8"; "" and unknown ones: English
	Log       *slog.Logger
}

// Questions are put to the end user, on a terminal or a page. Each blocks until it is answered or ctx ends.
type Questions interface {
	// Proxy asks for the name and the password that the only way out wants.
	Proxy(ctx context.Context, problem error) (*url.Userinfo, error)
	// Fail tells why there is nothing to ask: the help desk is not reached.
	Fail(err error)
	// Windows has the end user choose, from now to the end, what h hides. It is not called where nothing can be hidden.
	Windows(h *Hiding)
	// Code asks for the six digits that the supporter tells; problem says what was wrong with the last ones.
	Code(ctx context.Context, problem error) (string, error)
	// CheckDigits asks for the four digits that the supporter reads out.
	CheckDigits(ctx context.Context, supporter p2p.Hello, problem error) (string, error)
	// Allow asks what of a request the supporter gets.
	Allow(ctx context.Context, r Request) (Grant, error)
	// Live shows that the supporter sees the desktop, until ctx ends, and takes the user's changes to c. It returns nil
	// when the user ends the session, and an error when they are no longer there to.
	Live(ctx context.Context, c *Consent) error
	// Power asks whether the computer may be shut down or, where restart is set, restarted, as the supporter of c wishes. It is
	// asked while Live is.
	Power(ctx context.Context, c *Consent, restart bool) (bool, error)
	// Stand tells how the session stands on the network while CheckDigits or Allow is asked; Live sees it for itself.
	Stand(s Standing)
	// Show tells how the session stands.
	Show(state session.State)
	// End tells why there is nothing more to come, and shows the receipt of a session that took place.
	End(reason session.Reason, r *Receipt)
}

// Run takes a session from its code to its end. It returns nil when the session took place, or the end user said no to
// it, and otherwise says what stood in the way. When code is empty, or no good, the end user is asked for one.
func (h Host) Run(ctx context.Context, code string) error {
	name, err := os.Hostname()
	if err != nil {
		name = "unnamed computer"
	}
	h.Proxies.Ask = h.Questions.Proxy
	node, err := p2p.DialHost(ctx, p2p.HostOptions{
		Gateways: h.Gateways, Proxies: h.Proxies, Self: p2p.Hello{Name: name, System: runtime.GOOS}, Log: h.Log})
	if err != nil {
		h.Questions.Fail(err)
		return err
	}
	defer node.Close()
	hiding, stop := h.hide(ctx)
	defer stop()
	call, err := h.join(ctx, node, code)
	if err != nil {
		return err
	}
	h.Log.InfoContext(ctx, "session begins", "supporter", call.Peer().Name, "organisation", call.Peer().Organisation)
	reason, consent := h.serve(ctx, call, hiding)
	call.End(reason)
	relayed, direct := call.Traffic()
	h.Log.InfoContext(ctx, "session ended", "reason", call.Err(), "sent", relayed.Sent+direct.Sent, "received", relayed.Received+direct.Received,
		"sent directly", direct.Sent, "received directly", direct.Received)
	return h.outcome(call.Err(), consent)
}

// hide follows the desktop's windows until stop is called; nil where nothing can be hidden.
func (h Host) hide(ctx context.Context) (hiding *Hiding, stop func()) {
	if hiding = newHiding(h.Desktop); hiding == nil {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { hiding.run(ctx) })
	h.Questions.Windows(hiding)
	return hiding, func() { cancel(); running.Wait() }
}

// outcome shows the end and decides whether it is an error.
func (h Host) outcome(err error, consent *Consent) error {
	reason, ok := errors.AsType[session.Reason](err)
	if !ok {
		return err
	}
	var receipt *Receipt
	if consent != nil {
		r := consent.receipt()
		receipt = &r
	}
	h.Questions.End(reason, receipt)
	if reason == session.ByUser || reason == session.BySupporter || reason == session.Refused {
		return nil
	}
	return reason
}

// join asks for codes until one leads to a supporter. A code that never reached the gateway may be typed again.
func (h Host) join(ctx context.Context, node *p2p.Host, typed string) (*p2p.Call, error) {
	var problem error
	for {
		if typed == "" {
			var err error
			if typed, err = h.Questions.Code(ctx, problem); err != nil {
				return nil, errors.Join(problem, err)
			}
		}
		code, ok := session.ParseCode(typed)
		typed = ""
		if !ok {
			problem = errNotACode
			continue
		}
		h.Questions.Show(session.Waiting)
		call, err := node.Join(ctx, code)
		if err == nil {
			return call, nil
		}
		h.Log.WarnContext(ctx, "code not accepted", "err", err)
		if ctx.Err() != nil {
			return nil, err
		}
		problem = err
	}
}

var errNotACode = errors.New("a code has six digits; type it as your supporter tells it")

// serve asks the end user and then shows the desktop until one side ends the call. It says why it returned, and what the end
// user allowed; nil when it did not come to that.
func (h Host) serve(ctx context.Context, call *p2p.Call, hiding *Hiding) (session.Reason, *Consent) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // a question that the supporter no longer waits for is not kept open
		<-call.Done() // always comes: our caller ends the call
		cancel()
	}()
	request := newRequest(call.Peer())
	if len(request.Modes) == 0 {
		return session.NoMode, nil
	}
	stop := h.followAsked(ctx, call)
	defer stop()
	if reason := h.check(ctx, call); reason != 0 {
		return reason, nil
	}
	granted, reason := h.ask(ctx, call, request)
	if reason != 0 {
		return reason, nil
	}
	stop()
	return h.live(ctx, call, request, granted, hiding)
}

// check has the end user type the check digits until they fit. It returns 0 when they do.
func (h Host) check(ctx context.Context, call *p2p.Call) session.Reason {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	h.tell(call, p2p.Notice{State: session.Checking})
	var attempts session.Attempts
	var problem error
	for {
		typed, err := h.Questions.CheckDigits(ctx, call.Peer(), problem)
		if err != nil {
			return unanswered(err)
		}
		problem = attempts.Try(typed, call.CheckDigits())
		switch {
		case problem == nil:
			return 0
		case errors.Is(problem, session.WrongDigits):
			return session.WrongDigits
		}
	}
}

// ask has the end user decide what the supporter may do.
func (h Host) ask(ctx context.Context, call *p2p.Call, r Request) (Grant, session.Reason) {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	h.tell(call, p2p.Notice{State: session.Asking})
	granted, err := h.Questions.Allow(ctx, r)
	granted = r.within(granted)
	switch {
	case err != nil:
		return Grant{}, unanswered(err)
	case granted.no():
		return Grant{}, session.Refused
	}
	return granted, 0
}

func unanswered(err error) session.Reason {
	if errors.Is(err, context.DeadlineExceeded) {
		return session.Unanswered
	}
	return session.ByUser // closed the terminal, or the program; where the supporter left first, the call knows
}

// live shows the desktop on the screen channel that the bridge opened last, until the call or ctx ends.
func (h Host) live(ctx context.Context, call *p2p.Call, r Request, granted Grant, hiding *Hiding) (session.Reason, *Consent) {
	ctx, cancel := context.WithCancelCause(ctx)
	consent := newConsent(ctx, h.Desktop, r, granted)
	if consent.hiding = hiding; hiding != nil {
		hiding.begin(granted.ShowNew, consent.gate.untouchedFor)
	}
	consent.standing.Store(new(standingOf(call)))
	notices := make(chan p2p.Notice, 1) // the last one counts
	consent.tell = func(mode session.Mode, now session.Permissions) {
		state := consent.State()
		if state == session.Broken {
			state = pathOf(call).State // when the supporter hears of it
		}
		if !now.Has(session.View) {
			state = session.Paused
		}
		select {
		case <-notices:
		default:
		}
		select {
		case notices <- p2p.Notice{State: state, Mode: mode, Permissions: now}:
		default: // only the first one comes beside a change
		}
	}
	controls := h.openControls(consent.Offered())
	defer controls.close()
	consent.gate.panel, consent.gate.own = controls.panel, controls.bar.keys
	controls.setPointer(h, consent)
	server := rfbserver.Server{Log: h.Log, Desktop: consent.gate, Patience: p2p.PatienceFor} // the connection may break meanwhile
	if h.Power != nil {
		server.Power = func(ctx context.Context, a rfbserver.PowerAction) bool {
			return h.power(ctx, consent, a != rfbserver.PowerShutdown)
		}
	}

	alert := func(a p2p.Alert) {
		if err := call.Alert(a); err != nil {
			h.Log.Warn("tell the supporter what they have to wait for", "kind", a.Kind, "err", err)
		}
	}

	var running sync.WaitGroup
	defer running.Wait()
	defer cancel(nil)
	running.Go(func() { // the supporter learns it at once, whatever takes its time here
		<-ctx.Done()
		call.End(over(ctx))
	})
	running.Go(func() { consent.gate.watch(ctx) })
	running.Go(func() { follow(ctx, call, consent.gate.release, func(s Standing) { h.stand(consent, s) }) })
	running.Go(func() { consent.gate.tellPauses(ctx, alert) })
	running.Go(func() { consent.gate.tellBlocked(ctx, alert) })
	running.Go(func() { // a line that is stuck keeps nobody from changing their mind
		for {
			select {
			case <-ctx.Done():
				return
			case n := <-notices:
				h.tell(call, n)
			}
		}
	})
	running.Go(func() { controls.run(ctx, h, consent, func() { cancel(session.ByUser) }) })
	running.Go(func() {
		if err := server.Run(ctx); err != nil && ctx.Err() == nil {
			h.Log.ErrorContext(ctx, "the desktop cannot be shown any more", "err", err)
			cancel(session.DesktopGone)
		}
	})
	running.Go(func() {
		if h.Questions.Live(ctx, consent) == nil {
			cancel(session.ByUser)
		}
	})
	consent.tell(granted.Mode, granted.Permissions)
	leave := func() {}
	defer func() { leave() }()
	for {
		conn, err := call.Accept(ctx, p2p.RFB)
		if err != nil || errors.Is(context.Cause(ctx), session.DesktopGone) {
			return over(ctx), consent
		}
		leave()
		leave = serveOne(ctx, &server, channel{conn, call})
	}
}

// channel is the screen's on a call, which knows how far its viewer is.
type channel struct {
	net.Conn
	call *p2p.Call
}

var _ rfbserver.Way = channel{}

func (c channel) RoundTrip() time.Duration {
	_, rtt := c.call.Path()
	return rtt
}

// over is why a live session's context ended. Where the supporter ended it, or the network, the call knows that before.
func over(ctx context.Context) session.Reason {
	if errors.Is(context.Cause(ctx), session.DesktopGone) {
		return session.DesktopGone
	}
	return session.ByUser
}

// serveOne serves a viewer until it leaves, ctx ends or leave is called, which waits until it is gone.
func serveOne(ctx context.Context, server *rfbserver.Server, conn net.Conn) (leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		server.Serve(ctx, conn) // the server logs who came and went
	}()
	return func() {
		cancel()
		<-gone
	}
}

// tell passes on how the session stands. Where that fails the call is over, and says so itself.
func (h Host) tell(call *p2p.Call, n p2p.Notice) {
	if err := call.Tell(n); err != nil {
		h.Log.Warn("tell the supporter", "state", n.State, "err", err)
	}
}
