package p2p

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	pbv2 "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"

	"sixgate/p2p/message"
	"sixgate/p2p/proxy"
)

// Times of an examination.
const (
	examineFor = 5 * time.Second // each way
	clockOff   = 5 * time.Minute // from then on it is worth a word
)

// Finding is what an examination says of one part of the way to a gateway.
type Finding struct {
	Part   string        // name, tcp, quic, websocket, proxy, gateway, relay, profile, clock
	OK     bool          // it works
	Needed bool          // without it there is no session
	Took   time.Duration // 0: not measured
	Says   string        // what was seen
	Remedy string        // what to do, "" where nothing is to be done
}

// Examination looks at every way to every gateway, one by one.
type Examination struct {
	Gateways []string
	Proxies  proxy.Settings
	Profile  *Profile // a bridge's; its gateways count
}

// Run looks at everything. The error is one that leaves nothing to look at: addresses that are none.
func (e Examination) Run(ctx context.Context) ([]Finding, error) {
	if e.Profile != nil {
		e.Gateways = e.Profile.Gateways
	}
	key, err := NewIdentity() // the bridge's own would take calls away from a bridge that runs
	if err != nil {
		return nil, err
	}
	u, err := newUplink(key, e.Gateways, e.Proxies, asHost)
	if err != nil {
		return nil, err
	}
	defer u.node.Close()
	var looking sync.WaitGroup
	var all []Finding
	var clock Finding
	looking.Go(func() { all = u.names(ctx) })
	looking.Go(func() { clock = u.clock(ctx) })
	tried := u.tryAll(ctx)
	looking.Wait()
	var whole, sick [][]Finding
	for _, g := range u.ways.known() {
		found := u.look(ctx, g, tried)
		if e.Profile != nil {
			found = append(found, e.Profile.examine(ctx, g, e.Proxies))
		}
		if slices.ContainsFunc(found, func(f Finding) bool { return f.Needed && !f.OK }) {
			sick = append(sick, found)
		} else {
			whole = append(whole, found)
		}
	}
	for _, found := range append(whole, sick...) {
		for _, f := range found {
			if len(whole) > 0 && f.Needed && !f.OK {
				f.Needed, f.Remedy = false, "nothing, for another gateway works"
			}
			all = append(all, f)
		}
	}
	return append(all, clock), nil
}

// look judges the ways to one gateway, and what is there.
func (u *uplink) look(ctx context.Context, g gateway, all []trial) (found []Finding) {
	by := make(map[string][]trial) // transport, or proxy
	var tried []trial
	works := false
	for _, t := range all {
		if t.way.Gateway != g.id.String() {
			continue
		}
		kind := t.way.Transport
		if t.way.Proxy != "" {
			kind = "proxy"
		}
		by[kind], tried = append(by[kind], t), append(tried, t)
		works = works || t.err == nil
	}
	for _, transport := range []string{byTCP, byQUIC, byWebSocket} {
		found = append(found, judgeWays(transport, works, by[transport])...)
	}
	found = append(found, judgeProxy(works, by["proxy"])...)
	return append(found, u.reached(ctx, g, tried)...)
}

// errSick is what Report ends with when no session would come about.
var errSick = errors.New("no session will come about: see what says FAIL")

// Report writes what Run finds, a line each: ok, no (and a session comes about all the same) or FAIL; the part; what was seen, and
// what to do.
func (e Examination) Report(ctx context.Context, w io.Writer) error {
	all, err := e.Run(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		result := "no"
		switch {
		case f.OK:
			result = "ok"
		case f.Needed:
			result, err = "FAIL", errSick
		}
		line := fmt.Sprintf("%-5s%-10s %s", result, f.Part, f.Says)
		if f.Took > 0 {
			line += fmt.Sprintf(" (%d ms)", f.Took.Milliseconds())
		}
		if f.Remedy != "" {
			line += ". To do: " + f.Remedy
		}
		fmt.Fprintln(w, line)
	}
	return err
}

// trial is a way that was tried by itself.
type trial struct {
	way  Way
	err  error
	took time.Duration
}

// tryAll tries all ways together, and each to its end.
func (u *uplink) tryAll(ctx context.Context) (all []trial) {
	ctx, cancel := context.WithTimeout(ctx, examineFor)
	defer cancel()
	var mu sync.Mutex
	var trying sync.WaitGroup
	for _, e := range u.ways.ends() {
		trying.Go(func() {
			for _, s := range append(u.ways.through(e), u.ways.direct(ctx, e)...) {
				trying.Go(func() {
					began := time.Now()
					conn, err := u.ways.try(ctx, s, e.of)
					t := trial{s.Way, err, time.Since(began)}
					if err == nil {
						conn.Close()
					}
					mu.Lock()
					all = append(all, t)
					mu.Unlock()
				})
			}
		})
	}
	trying.Wait()
	slices.SortFunc(all, func(a, b trial) int { return strings.Compare(a.way.String(), b.way.String()) })
	return all
}

// names looks up the gateways' names.
func (u *uplink) names(ctx context.Context) (all []Finding) {
	ctx, cancel := context.WithTimeout(ctx, examineFor)
	defer cancel()
	for _, e := range u.ways.ends() {
		if !e.named() {
			continue
		}
		began := time.Now()
		ips, err := e.lookUp(ctx)
		f := Finding{Part: "name", OK: err == nil, Took: time.Since(began)}
		if err != nil {
			f.Says, f.Remedy = explain(err, e.host)
		} else {
			f.Says = fmt.Sprintf("%s is %v", e.host, ips)
		}
		all = append(all, f)
	}
	return all
}

// judgeWays sums up the direct ways by one transport.
func judgeWays(transport string, works bool, tried []trial) []Finding {
	if len(tried) == 0 {
		return nil
	}
	f := Finding{Part: transport}
	for _, t := range tried {
		if t.err == nil {
			return []Finding{{Part: transport, OK: true, Took: t.took, Says: t.way.Address + " answers"}}
		}
		says, remedy := explain(t.err, t.way.Address)
		if f.Says != "" {
			says = f.Says + "; " + says
		}
		f.Says, f.Remedy = says, remedy
	}
	if works {
		f.Remedy = "nothing, for another way works"
	}
	return []Finding{f}
}

// judgeProxy sums up the ways through proxies.
func judgeProxy(works bool, tried []trial) []Finding {
	if len(tried) == 0 {
		return []Finding{{Part: "proxy", OK: true, Says: "none is set for this gateway"}}
	}
	for _, t := range tried {
		if t.err == nil {
			return []Finding{{Part: "proxy", OK: true, Took: t.took, Says: fmt.Sprintf("%s leads to %s by %s", t.way.Proxy, t.way.Address, t.way.Transport)}}
		}
	}
	f := Finding{Part: "proxy"}
	f.Says, f.Remedy = explain(tried[0].err, tried[0].way.Address)
	if works && !errors.Is(tried[0].err, proxy.ErrWrongCredentials) {
		f.Remedy = "nothing, for another way works"
	}
	return []Finding{f}
}

// reached connects to a gateway as a session would, if there is a way at all, and asks the relay.
func (u *uplink) reached(ctx context.Context, g gateway, tried []trial) []Finding {
	began := time.Now()
	gateway := Finding{Part: "gateway", Needed: true}
	relay := Finding{Part: "relay", Needed: true}
	works, deceived := false, false
	for _, t := range tried {
		works, deceived = works || t.err == nil, deceived || errors.Is(t.err, ErrOtherGateway)
	}
	if !works || u.use(ctx, g) != nil {
		gateway.Says, gateway.Remedy = g.String()+" cannot be reached on any way", "see above"
		if deceived {
			gateway.Says, gateway.Remedy = explain(ErrOtherGateway, g.String())
		}
		relay.Says, relay.Remedy = "not asked, for the gateway cannot be reached", "see above"
		return []Finding{gateway, relay}
	}
	way, _ := u.Way()
	gateway.OK, gateway.Took, gateway.Says = true, time.Since(began), "connected by "+way.String()

	ctx, cancel := context.WithTimeout(ctx, examineFor)
	defer cancel()
	began = time.Now()
	_, err := client.Reserve(ctx, u.node, peer.AddrInfo{ID: g.id}) // a stranger is refused: by a relay that works
	refused, answers := errors.AsType[client.ReservationError](err)
	relay.OK = err == nil || answers && refused.Status == pbv2.Status_PERMISSION_DENIED
	if relay.OK {
		relay.Took, relay.Says = time.Since(began), "it answers"
	} else {
		relay.Says, relay.Remedy = fmt.Sprintf("it does not answer as a relay does: %v", err), "tell the gateway's administrator"
	}
	return []Finding{gateway, relay}
}

// examine asks a gateway whether it knows the profile.
func (p Profile) examine(ctx context.Context, g gateway, proxies proxy.Settings) Finding {
	f := Finding{Part: "profile", Needed: true}
	key, err := parseKey(p.Key)
	if err != nil {
		f.Says, f.Remedy = err.Error(), "have the gateway's operator make a new one"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, examineFor)
	defer cancel()
	began := time.Now()
	switch err := p.known(ctx, g, key, proxies); {
	case err == nil:
		f.OK, f.Took, f.Says = true, time.Since(began), "the gateway knows "+p.Operator
	case errors.Is(err, ErrNotAdmitted):
		f.Says, f.Remedy = "the gateway does not know it", "have the gateway's operator make one with 'sixgate-gateway operator add'"
	default:
		f.Says, f.Remedy = "not asked, for the gateway cannot be reached", "see above"
	}
	return f
}

func (p Profile) known(ctx context.Context, g gateway, key crypto.PrivKey, proxies proxy.Settings) error {
	u, err := newUplink(key, p.Gateways, proxies, asBridge)
	if err != nil {
		return err
	}
	defer u.node.Close()
	if err := u.use(ctx, g); err != nil {
		return err
	}
	var a message.CodeAnswer
	if err := u.ask(ctx, CodeProtocol, &message.CodeRequest{Verb: message.CodeRequest_NOTHING}, &a); err != nil {
		return err
	}
	return StatusError(a.Status)
}

// clock compares this computer's clock with the gateway's, which its portal tells.
func (u *uplink) clock(ctx context.Context) Finding {
	ctx, cancel := context.WithTimeout(ctx, examineFor)
	defer cancel()
	f := Finding{Part: "clock"}
	there, err := u.askTime(ctx)
	off := time.Since(there).Round(time.Minute)
	switch {
	case err != nil:
		f.OK, f.Says = true, "it cannot be compared, for the gateway's portal does not answer"
	case off.Abs() < clockOff:
		f.OK, f.Says = true, "as the gateway's"
	default:
		way := "ahead of"
		if off < 0 {
			way = "behind"
		}
		f.Says = fmt.Sprintf("%v %s the gateway's: by QUIC no connection comes about, and times that are shown are wrong", off.Abs(), way)
		f.Remedy = "set date, time and time zone of this computer"
	}
	return f
}

// askTime is the time of the first portal that answers. That its certificate is not verified is as with socket.
func (u *uplink) askTime(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := u.ways.ends()
	dates := make(chan string, 2*len(ends))
	for _, e := range ends {
		for _, proxied := range []bool{false, true} {
			go func() { dates <- u.portalDate(ctx, e, proxied) }()
		}
	}
	for range cap(dates) {
		if t, err := http.ParseTime(<-dates); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errSilent
}

// portalDate is the Date that a gateway's portal answers with; "" when it does not.
func (u *uplink) portalDate(ctx context.Context, e endpoint, proxied bool) string {
	dial := new(net.Dialer).DialContext
	if proxied {
		via, err := u.ways.proxies.For(e.address())
		if via == nil || err != nil {
			return ""
		}
		dial = func(ctx context.Context, _, address string) (net.Conn, error) { return proxy.Dial(ctx, via, address) }
	}
	t := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
		MaxResponseHeaderBytes: maxUpgrade}
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+e.address()+"/health", nil)
	if err != nil {
		return ""
	}
	answer, err := t.RoundTrip(r)
	if err != nil {
		return ""
	}
	answer.Body.Close()
	return answer.Header.Get("Date")
}
