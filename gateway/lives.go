package gateway

import (
	"maps"
	"sync"
	"time"
)

// clocksDiffer is by how much the clock may differ from the one by which a code was dated: before a restart, or at another gateway.
const clocksDiffer = 5 * time.Minute

// lives are the codes that this gateway has given out, and their ends by how long it has run. So what has expired stays so when
// somebody sets the computer's clock back. Codes of before its start, and of other gateways, have a date only.
type lives struct {
	up func() time.Duration // since the gateway began, whatever the clock says

	mu    sync.Mutex
	all   map[string]life // by code; kept as long as the code is stored
	swept time.Duration
}

type life struct {
	expires time.Time // as it is stored: another gateway may have extended the code since
	end     time.Duration
}

func newLives() *lives {
	began := time.Now()
	return &lives{up: func() time.Duration { return time.Since(began) }, all: make(map[string]life)}
}

// begin notes that code lives for codeFor from now on.
func (l *lives) begin(code string, expires time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.up()
	if now-l.swept > codeFor {
		maps.DeleteFunc(l.all, func(_ string, one life) bool { return now-one.end > restFor })
		l.swept = now
	}
	l.all[code] = life{expires, now + codeFor}
}

// over reports whether a code that is stored has ended, as far as that does not depend on the clock being right.
func (l *lives) over(code string, expires, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one, ours := l.all[code]; ours && one.expires.Equal(expires) {
		return l.up() >= one.end
	}
	return expires.Sub(now) > codeFor+clocksDiffer
}
