package host

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
	"sixgate/session"
)

// readFor is how long the question about an organisation that nobody vouches for stands before Allow can be pressed.
const readFor = 12 * time.Second

// Page asks the end user on a page in their browser, served on this machine only. Any number of tabs show the same; the session
// goes on without any.
type Page struct {
	server *pageServer

	mu      sync.Mutex
	view    view
	unlock  time.Time           // when Allow may be pressed
	open    map[string]chan any // where the answers to the questions of each kind go, capacity 1
	consent *Consent
	hiding  *Hiding    // nil: nothing can be hidden
	power   string     // what the supporter wants to do to the computer: "restart", "shutdown"
	broken  *time.Time // since when there is no connection, while the end user is asked
}

// view is what the page shows: the program's side of web/host/state.ts.
type view struct {
	State        string       `json:"state"`
	Problem      string       `json:"problem,omitempty"`
	Name         string       `json:"name,omitempty"`
	Organisation string       `json:"organisation,omitempty"`
	Purpose      string       `json:"purpose,omitempty"`
	Verified     bool         `json:"verified,omitempty"`
	Mode         string       `json:"mode,omitempty"`  // that is wanted, or the session's
	Modes        []viewMode   `json:"modes,omitempty"` // that there are to choose, highest first, or to step down to
	Wanted       []string     `json:"wanted,omitempty"`
	Allowed      []string     `json:"allowed,omitempty"`
	Fit          bool         `json:"fit,omitempty"`
	Pause        int64        `json:"pause,omitempty"` // milliseconds
	Since        *time.Time   `json:"since,omitempty"`
	Broken       *time.Time   `json:"broken,omitempty"` // since when there is no connection
	Path         string       `json:"path,omitempty"`   // relay or direct, where there is one
	RTT          float64      `json:"rtt,omitempty"`    // of it, in milliseconds
	Power        string       `json:"power,omitempty"`
	Reason       string       `json:"reason,omitempty"`
	Receipt      *viewReceipt `json:"receipt,omitempty"`
}

type viewMode struct {
	Mode   string   `json:"mode"`
	Offers []string `json:"offers"`
}

type viewReceipt struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`
	Granted []viewGranted `json:"granted"`
}

type viewGranted struct {
	At      time.Time `json:"at"`
	Mode    string    `json:"mode"`
	Allowed []string  `json:"allowed"`
}

// errNotAsked is an answer to a question that does not stand.
var errNotAsked = errors.New("the page was not asked this")

// errTooSoon is an Allow before the question can have been read.
var errTooSoon = errors.New("the question has to be read first")

// errPageClosed is a question that nobody has before their eyes any more.
var errPageClosed = errors.New("the page was closed; start the program again to go on")

// ask shows v until the end user has answered the question of a kind, or ctx ends. A live session goes on when all tabs are closed;
// another question does not stand for long then.
func ask[T any](ctx context.Context, p *Page, kind string, v view) (answer T, err error) {
	to := make(chan any, 1)
	p.mu.Lock()
	p.open[kind] = to
	p.mu.Unlock()
	p.show(v)
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, kind)
	}()
	deserted := p.server.deserted
	if v.State == "live" {
		deserted = nil
	}
	select {
	case a := <-to:
		return a.(T), nil
	case <-deserted:
		return answer, errPageClosed
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

// answered takes the end user's answer to the question that stands.
func (p *Page) answered(kind string, a any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := p.open[kind]
	if to == nil {
		return errNotAsked
	}
	if g, ok := a.(Grant); ok && !g.no() && time.Now().Before(p.unlock) {
		return errTooSoon
	}
	to <- a
	delete(p.open, kind)
	return nil
}

// show puts v on the page.
func (p *Page) show(v view) {
	p.mu.Lock()
	p.view = v
	p.mu.Unlock()
	p.server.views.ring()
}

// now is what the page shows at this moment.
func (p *Page) now() view {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view
	v.Pause = max(0, time.Until(p.unlock).Milliseconds())
	if v.State == "verify" {
		v.Broken = p.broken
	}
	return v
}

// proxyAnswer is what the end user answers when a proxy asks who they are. It is not kept here, and never shown or logged.
type proxyAnswer struct {
	Name, Password string
	Cancel         bool
}

// errCancelled is the end user's no to a proxy.
var errCancelled = errors.New("the user gave no name and password for the proxy")

func (p *Page) Proxy(ctx context.Context, problem error) (*url.Userinfo, error) {
	v := view{State: "proxy"}
	if errors.Is(problem, proxy.ErrWrongCredentials) {
		v.Problem = problemKey(problem)
	}
	a, err := ask[proxyAnswer](ctx, p, "proxy", v)
	if err == nil && a.Cancel {
		err = errCancelled
	}
	if err != nil {
		return nil, err
	}
	p.show(view{State: "connecting"})
	return url.UserPassword(a.Name, a.Password), nil
}

func (p *Page) Fail(err error) { p.show(view{State: "fail", Reason: problemKey(err)}) }

func (p *Page) Code(ctx context.Context, problem error) (string, error) {
	return ask[string](ctx, p, "code", view{State: "code", Problem: problemKey(problem), Wanted: offered.Names()})
}

// about is what the page says of a supporter.
func about(state string, s p2p.Hello) view {
	return view{State: state, Name: s.Name, Organisation: s.Organisation, Purpose: s.Purpose}
}

func (p *Page) CheckDigits(ctx context.Context, supporter p2p.Hello, problem error) (string, error) {
	v := about("verify", supporter)
	v.Problem = problemKey(problem)
	p.mu.Lock()
	if problem == nil { // the question is there from now on
		p.unlock = time.Now().Add(readFor)
	}
	p.mu.Unlock()
	r := newRequest(supporter)
	v.Mode, v.Wanted = r.Mode.String(), r.Permissions.Names()
	return ask[string](ctx, p, "digits", v)
}

func (p *Page) Allow(ctx context.Context, r Request) (Grant, error) {
	v := about("verify", r.Supporter)
	v.Mode, v.Wanted, v.Fit = r.Mode.String(), r.Permissions.Names(), true
	v.Modes = viewModes(r, r.Modes)
	return ask[Grant](ctx, p, "allow", v)
}

// viewModes are modes as the page knows them.
func viewModes(r Request, modes []session.Mode) (list []viewMode) {
	for _, m := range modes {
		list = append(list, viewMode{m.String(), r.offers(m).Names()})
	}
	return list
}

func (p *Page) Live(ctx context.Context, c *Consent) error {
	p.mu.Lock()
	p.consent = c
	p.mu.Unlock()
	c.Watch(func() { p.refresh(c, nil) })
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.consent = nil
	}()
	_, err := ask[bool](ctx, p, "stop", p.liveView(c, nil))
	return err
}

func (p *Page) Power(ctx context.Context, c *Consent, restart bool) (bool, error) {
	what := "shutdown"
	if restart {
		what = "restart"
	}
	p.setPower(what)
	defer func() {
		p.setPower("")
		p.refresh(c, nil)
	}()
	return ask[bool](ctx, p, "power", p.liveView(c, nil))
}

func (p *Page) setPower(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.power = what
}

func (p *Page) liveView(c *Consent, problem error) view {
	v := about("live", c.Supporter)
	v.Mode, v.Modes = c.Mode().String(), viewModes(c.request, c.Lower())
	v.Wanted, v.Allowed, v.Since, v.Problem = c.Offered().Names(), c.Allowed().Names(), &c.From, problemKey(problem)
	switch s := c.Standing(); s.State {
	case session.Broken:
		v.Broken = &s.Since
	case session.Direct:
		v.Path, v.RTT = "direct", milliseconds(s.RTT)
	default:
		v.Path, v.RTT = "relay", milliseconds(s.RTT)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v.Power = p.power
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// refresh shows how c stands, if it is still there.
func (p *Page) refresh(c *Consent, problem error) {
	v := p.liveView(c, problem)
	p.mu.Lock()
	if p.consent == c {
		p.view = v
	}
	p.mu.Unlock()
	p.server.views.ring()
}

// change gives or takes one permission in a live session.
func (p *Page) change(permission session.Permissions, on bool) error {
	p.mu.Lock()
	c := p.consent
	p.mu.Unlock()
	if c == nil {
		return errNotAsked
	}
	if err := c.Change(permission, on); err != nil {
		p.refresh(c, err)
	}
	return nil
}

// step goes down to another mode in a live session.
func (p *Page) step(m session.Mode) error {
	p.mu.Lock()
	c := p.consent
	p.mu.Unlock()
	if c == nil {
		return errNotAsked
	}
	return c.Step(m)
}

func (p *Page) Stand(s Standing) {
	var broken *time.Time
	if s.State == session.Broken {
		broken = &s.Since
	}
	p.mu.Lock()
	isNew := (broken == nil) != (p.broken == nil)
	p.broken = broken
	p.mu.Unlock()
	if isNew {
		p.server.views.ring()
	}
}

func (p *Page) Show(session.State) { p.show(view{State: "waiting"}) }

func (p *Page) End(reason session.Reason, r *Receipt) {
	v := view{State: "end"}
	if r != nil {
		v = about("end", r.Supporter)
		v.Receipt = &viewReceipt{From: r.From, To: r.To}
		for _, g := range r.Granted {
			v.Receipt.Granted = append(v.Receipt.Granted, viewGranted{g.At, g.Mode.String(), g.Allowed.Names()})
		}
	}
	v.Reason = reasonKey(reason)
	p.show(v)
}

// problemKey is the page's word for an error.
func problemKey(err error) string {
	if err == nil {
		return ""
	}
	if _, wrong := errors.AsType[session.WrongDigitsError](err); wrong {
		return "wrong-digits"
	}
	for _, k := range []struct {
		err error
		key string
	}{
		{p2p.ErrOtherGateway, "impostor"}, {proxy.ErrWantsCredentials, "proxy-wants"}, {proxy.ErrWrongCredentials, "proxy-wrong"},
		{errNotACode, "not-a-code"}, {errHandsOff, "hands-off"}, {errTooSoon, "too-soon"},
		{p2p.ErrNoCode, "no-code"}, {p2p.ErrTooMany, "too-many"}, {p2p.ErrGateway, "gateway"}, {p2p.ErrBusy, "busy"}, {p2p.ErrApart, "busy"},
		{p2p.ErrBridgeGone, "bridge-gone"}, {p2p.ErrHandshake, "handshake"}, {p2p.ErrVersion, "version"}, {p2p.ErrImpostor, "impostor"},
	} {
		if errors.Is(err, k.err) {
			return k.key
		}
	}
	return "other"
}

// reasonKey is the page's word for why a session ended.
func reasonKey(r session.Reason) string {
	switch r {
	case session.ByUser:
		return "by-user"
	case session.BySupporter:
		return "by-supporter"
	case session.Refused:
		return "refused"
	case session.Unanswered:
		return "unanswered"
	case session.WrongDigits:
		return "digits-burned"
	case session.Tampered:
		return "tampered"
	case session.DesktopGone:
		return "desktop-gone"
	case session.NoMode:
		return "no-mode"
	}
	return "by-network"
}
