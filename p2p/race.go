package p2p

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/transport"
)

// askAfter is how long other ways still have when a proxy wants credentials, and a person is there to be asked.
const askAfter = 2 * time.Second

// aloneFor is how long QUIC, which is not refused but unheard, is waited for when all else has failed.
const aloneFor = time.Second

// Why a race ends a way.
var (
	errSlower = errors.New("another way was faster")
	errSilent = errors.New("no answer")
)

// race tries several ways together.
type race struct {
	ctx   context.Context // ends with the race; a field because ways enter at any time before
	stop  context.CancelCauseFunc
	try   func(context.Context, step) attempt
	ended chan attempt // closed when no way is left

	trying sync.WaitGroup
	heard  sync.WaitGroup // those that hear when they fail: all but QUIC
	begun  atomic.Int32
	hurry  chan struct{} // closed when nobody waits for a turn any more
	all    sync.Once
}

// step is a way that a race tries.
type step struct {
	Way
	via  *url.URL // the proxy
	turn int      // it begins after so many staggers
	none error    // why there is no such way
}

// attempt is how a way ended.
type attempt struct {
	way  Way
	conn transport.CapableConn
	err  error
}

func newRace(ctx context.Context, try func(context.Context, step) attempt) *race {
	r := &race{try: try, ended: make(chan attempt), hurry: make(chan struct{})}
	r.ctx, r.stop = context.WithCancelCause(ctx)
	return r
}

// enter adds ways when they are known. The best begins first.
func (r *race) enter(steps func() []step, best Way) {
	r.heard.Add(1)
	r.trying.Go(func() {
		defer r.heard.Done()
		for _, s := range steps() {
			if best != (Way{}) {
				s.turn++
			}
			if s.Way == best {
				s.turn = 0
			}
			done := func() {}
			if s.Transport != byQUIC {
				r.heard.Add(1)
				done = r.heard.Done
			}
			r.trying.Go(func() {
				a := r.take(s)
				done()
				r.ended <- a
			})
		}
	})
}

// take tries a way when its turn has come.
func (r *race) take(s step) attempt {
	turn := time.NewTimer(time.Duration(s.turn) * stagger)
	defer turn.Stop()
	select {
	case <-turn.C:
	case <-r.hurry:
	case <-r.ctx.Done():
	}
	r.begun.Add(1)
	if err := context.Cause(r.ctx); err != nil {
		return attempt{way: s.Way, err: err}
	}
	return r.try(r.ctx, s)
}

// next lets all begin that wait for their turn, when all that have begun have failed.
func (r *race) next(failed int) {
	if int(r.begun.Load()) == failed {
		r.all.Do(func() { close(r.hurry) })
	}
}

// hasten ends the race soon.
func (r *race) hasten() { time.AfterFunc(askAfter, func() { r.stop(errSilent) }) }

// close ends the race when nobody is in it any more.
func (r *race) close() {
	var waiting sync.WaitGroup
	waiting.Go(func() {
		r.heard.Wait()
		if sleep(r.ctx, aloneFor) == nil {
			r.stop(errSilent)
		}
	})
	r.trying.Wait()
	r.stop(errSilent)
	close(r.ended)
	waiting.Wait()
}
