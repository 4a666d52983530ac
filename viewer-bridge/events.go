package viewerbridge

import (
	"time"

	"sixgate/p2p"
)

// Event is what a program around the bridge wants to know, one JSON object a line.
type Event struct {
	Event     string    `json:"event"` // gateway, wait, code, viewer, check, state, path, direct, traffic, alert, end
	Code      string    `json:"code,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
	Until     time.Time `json:"until,omitzero"`    // when the next code comes
	Address   string    `json:"address,omitempty"` // of the viewers' port, or the gateway's
	Password  string    `json:"password,omitempty"`
	Digits    string    `json:"digits,omitempty"`
	Host      string    `json:"host,omitempty"`      // the computer that typed the code
	State     string    `json:"state,omitempty"`     // of the session; of the gateway: reached, lost, not reached
	Since     time.Time `json:"since,omitzero"`      // when the host was last heard, while the connection is broken
	Mode      string    `json:"mode,omitempty"`      // of a live session
	Allowed   []string  `json:"allowed,omitempty"`   // permissions
	Path      string    `json:"path,omitempty"`      // relay or direct
	RTT       float64   `json:"rtt_ms,omitempty"`    // of the path
	Sent      uint64    `json:"sent,omitempty"`      // bytes on this path in this session
	Received  uint64    `json:"received,omitempty"`  // the same
	Transport string    `json:"transport,omitempty"` // to the gateway: tcp, quic, websocket
	Proxy     string    `json:"proxy,omitempty"`     // on the way to it
	Failed    []Failed  `json:"failed,omitempty"`    // the other ways to it that were tried
	Kind      string    `json:"kind,omitempty"`      // of an alert: blocked, free
	Title     string    `json:"title,omitempty"`     // of the window that an alert is about
	Reason    string    `json:"reason,omitempty"`    // of an end, of a code that comes before the last one has expired, …
}

// Failed is a way that does not lead to the gateway.
type Failed struct {
	Transport string `json:"transport"`
	Address   string `json:"address"`
	Proxy     string `json:"proxy,omitempty"`
	Reason    string `json:"reason"`
	Remedy    string `json:"remedy"`
}

// gatewayEvent reports how the bridge stands with its gateway.
func gatewayEvent(r p2p.Reach) Event {
	e := Event{Event: "gateway"}
	switch {
	case r.Err == nil:
		e.State, e.Transport, e.Address, e.Proxy = "reached", r.Way.Transport, r.Way.Address, r.Way.Proxy
	case len(r.Failed) == 0:
		e.State, e.Reason = "lost", r.Err.Error()
	default:
		e.State, e.Reason = "not reached", r.Err.Error()
	}
	for _, f := range r.Failed {
		says, remedy := f.Explain()
		e.Failed = append(e.Failed, Failed{f.Way.Transport, f.Way.Address, f.Way.Proxy, says, remedy})
	}
	return e
}

// stateEvent reports how a session stands.
func stateEvent(n p2p.Notice) Event {
	e := Event{Event: "state", State: n.State.String()}
	if n.State.Live() {
		e.Mode, e.Allowed = n.Mode.String(), n.Permissions.Names()
	}
	return e
}
