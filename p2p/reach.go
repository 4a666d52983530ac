package p2p

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// Reach is how a bridge stands with its gateway.
type Reach struct {
	Err    error    // why it is lost, or was not reached; nil: it is there
	Way    Way      // on which it is there
	Failed Failures // the ways that were tried and did not lead there
}

// reports tell how a node stands with its gateway.
type reports struct {
	log  *slog.Logger
	tell func(Reach) // nil: nobody wants to know

	mu     sync.Mutex
	failed string // how the last try failed; "": it did not
}

// lost tells that the gateway was there and is not.
func (r *reports) lost(err error) {
	r.log.Warn("gateway lost, retrying")
	r.say(Reach{Err: err})
}

// tried notes how a try to reach the gateway went. One that failed as the one before did is not worth a word.
func (r *reports) tried(err error, way Way, failed Failures) {
	if errors.Is(err, context.Canceled) {
		return
	}
	how := ""
	if err != nil {
		all := strings.Split(failed.Error(), "; ")
		slices.Sort(all)
		how = strings.Join(all, "; ")
	}
	r.mu.Lock()
	isNew := how != r.failed
	r.failed = how
	r.mu.Unlock()
	switch {
	case err == nil:
		r.log.Info("gateway reached", "way", way, "failed", failed)
	case isNew:
		r.log.Warn("gateway not reached", "failed", failed)
		r.say(Reach{Err: err, Failed: failed})
	}
}

func (r *reports) say(reach Reach) {
	if r.tell != nil {
		r.tell(reach)
	}
}
