package gateway

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sixgate/p2p"
)

// clock is a time that the test sets. When it is set to another, it jumps; when it passes, a gateway runs as long.
type clock struct{ ns, ran atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ns.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *clock) up() time.Duration       { return time.Duration(c.ran.Load()) }
func (c *clock) jump(d time.Duration)    { c.ns.Add(int64(d)) }
func (c *clock) advance(d time.Duration) { c.jump(d); c.ran.Add(int64(d)) }

func openTestCodes(t testing.TB) (*Codes, *clock) {
	t.Helper()
	s, err := openState(filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	codes := newCodes(s.js, nil)
	if err := codes.store.open(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	c := newClock()
	codes.now, codes.up = c.now, c.up
	return codes, c
}

func issue(t testing.TB, c *Codes, bridge string) string {
	t.Helper()
	code, lives, err := c.Issue(t.Context(), bridge)
	if err != nil || lives != codeFor {
		t.Fatal(lives, err)
	}
	return code
}

func TestCodeLives(t *testing.T) {
	ctx := t.Context()
	codes, clock := openTestCodes(t)
	dead := func(code, why string) {
		t.Helper()
		if b, err := codes.Bridge(ctx, code); !errors.Is(err, p2p.ErrNoCode) || b != "" {
			t.Errorf("%s: the code leads to %q, %v", why, b, err)
		}
		if b, err := codes.Redeem(ctx, code); !errors.Is(err, p2p.ErrNoCode) || err != p2p.ErrNoCode {
			t.Errorf("%s: redeemed %q, %v", why, b, err)
		}
	}
	dead("482913", "never issued")
	dead("", "empty")
	dead("no key * at all >", "no code")

	code := issue(t, codes, "ada")
	if b, err := codes.Bridge(ctx, code); b != "ada" || err != nil {
		t.Errorf("the code leads to %q, %v", b, err)
	}
	if b, err := codes.Redeem(ctx, code); b != "ada" || err != nil {
		t.Errorf("redeemed %q, %v", b, err)
	}
	dead(code, "used")

	code = issue(t, codes, "ada")
	clock.advance(codeFor - time.Nanosecond)
	if codes.Waits(ctx, "ada") != nil {
		t.Error("the code dies early")
	}
	if extended, lives, err := codes.Extend(ctx, "ada"); extended != code || lives != codeFor || err != nil {
		t.Errorf("extended %v, %v, %v", extended == code, lives, err)
	}
	clock.advance(codeFor - time.Nanosecond)
	if b, err := codes.Bridge(ctx, code); b != "ada" || err != nil {
		t.Errorf("the extended code leads to %q, %v", b, err)
	}
	clock.advance(time.Nanosecond)
	dead(code, "expired")
	if _, _, err := codes.Extend(ctx, "ada"); !errors.Is(err, p2p.ErrNoCode) {
		t.Errorf("an expired code is extended: %v", err)
	}

	old := issue(t, codes, "ada")
	other := issue(t, codes, "bob")
	code = issue(t, codes, "ada")
	dead(old, "renewed")
	if err := codes.Cancel(ctx, "ada"); err != nil {
		t.Error(err)
	}
	dead(code, "cancelled")
	if err := codes.Cancel(ctx, "ada"); !errors.Is(err, p2p.ErrNoCode) {
		t.Errorf("cancelled twice: %v", err)
	}
	if b, err := codes.Redeem(ctx, other); b != "bob" || err != nil {
		t.Errorf("another bridge's code: %q, %v", b, err)
	}
}

// Whoever sets the clock, and in whatever direction: what is used or has expired lives no more, what waits does so no longer than it
// should, and the next code is as good as any.
func TestClockJumps(t *testing.T) {
	ctx := t.Context()
	for _, jump := range []time.Duration{time.Minute, codeFor - time.Minute, time.Hour, 24 * time.Hour} {
		for _, by := range []time.Duration{-jump, jump} {
			codes, clock := openTestCodes(t)
			used := issue(t, codes, "ada")
			codes.Redeem(ctx, used)
			expired := issue(t, codes, "bob")
			clock.advance(codeFor)
			waits := issue(t, codes, "eve")
			dead := func(when string, all ...string) {
				t.Helper()
				for _, code := range all {
					if b, err := codes.Redeem(ctx, code); err != p2p.ErrNoCode {
						t.Errorf("jump by %v, %s: %q of %s is redeemed, %v", by, when, b, map[string]string{used: "used", expired: "expired", waits: "waiting"}[code], err)
					}
				}
			}
			dead("before", used, expired)
			clock.jump(by)
			dead("after", used, expired)
			if b, err := codes.Bridge(ctx, waits); by < 0 && (b != "eve" || err != nil) {
				t.Errorf("jump by %v: the code that waits is lost: %v", by, err)
			}
			if b, err := codes.Redeem(ctx, issue(t, codes, "ada")); b != "ada" || err != nil {
				t.Errorf("jump by %v: a new code: %v", by, err)
			}
			clock.advance(codeFor)
			dead("and 15 minutes", used, expired, waits)
			clock.jump(-by)
			dead("and back", used, expired, waits)

			// A gateway that starts now knows the dates only.
			again := newCodes(codes.store.js, nil)
			if err := again.store.open(ctx, 1); err != nil {
				t.Fatal(err)
			}
			again.now, again.up = clock.now, clock.up
			clock.jump(-2 * codeFor)
			if b, err := again.Redeem(ctx, waits); err != p2p.ErrNoCode {
				t.Errorf("jump by %v, after a restart with a clock that is slow: redeemed %q, %v", by, b, err)
			}
		}
	}
}

// A code that was extended, used or cancelled must not stay in the bucket for ever.
func TestEveryKeyVanishes(t *testing.T) {
	ctx := t.Context()
	codes, _ := openTestCodes(t)
	issue(t, codes, "ada")
	codes.Extend(ctx, "ada")
	code := issue(t, codes, "ada")
	codes.Redeem(ctx, code)
	issue(t, codes, "bob")
	codes.Cancel(ctx, "bob")
	stream := codes.store.stream
	info, err := stream.Info(ctx)
	if err != nil || info.State.Msgs == 0 {
		t.Fatal(info, err)
	}
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
		m, err := stream.GetMsg(ctx, seq)
		if err != nil {
			continue // replaced by a later one
		}
		if ttl, err := time.ParseDuration(m.Header.Get("Nats-TTL")); err != nil || ttl < restFor || ttl > codeFor+restFor {
			t.Errorf("a message of %s lives %v, %v", strings.TrimRight(m.Subject, "0123456789"), ttl, err)
		}
	}
}

// Fifty hosts race for one code, twenty times: one gets it.
func TestRedeemRace(t *testing.T) {
	codes, _ := openTestCodes(t)
	for range 20 {
		code := issue(t, codes, "ada")
		var won atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				switch b, err := codes.Redeem(t.Context(), code); {
				case err == nil && b == "ada":
					won.Add(1)
				case !errors.Is(err, p2p.ErrNoCode):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d hosts redeemed one code", won.Load())
		}
	}
}

// Live codes are far from each other, whoever asks for them at once. (SyncAlways makes each cost the disk's time.)
func TestLiveCodesAreFarApart(t *testing.T) {
	const bridges = 120
	codes, _ := openTestCodes(t)
	issued := make([]string, bridges)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := w; i < bridges; i += 4 {
				code, _, err := codes.Issue(t.Context(), fmt.Sprint("bridge", i))
				if err != nil {
					t.Error(err)
				}
				issued[i] = code
			}
		})
	}
	all.Wait()
	for i, a := range issued {
		if len(a) != 6 || trivial(a) {
			t.Errorf("code %d is trivial", i)
		}
		for _, b := range issued[:i] {
			if near(a, b) {
				t.Errorf("%s and %s are one typing error apart", a, b)
			}
		}
	}
}

// Where chance alone would give neighbours and repetitions, none is issued.
func TestNoNeighbourNorRepetition(t *testing.T) {
	ctx := t.Context()
	codes, clock := openTestCodes(t)
	live := issue(t, codes, "ada")
	for code := range neighbours(live) {
		if err := codes.claim(ctx, "bob", code); err != errTaken {
			t.Errorf("%s is near %s, and issued: %v", code, live, err)
		}
	}
	if err := codes.claim(ctx, "bob", live); err != errTaken {
		t.Errorf("a live code is issued again: %v", err)
	}
	codes.Cancel(ctx, "ada")
	clock.advance(23 * time.Hour)
	if err := codes.claim(ctx, "bob", live); err != errTaken {
		t.Errorf("a dead code is issued again within a day: %v", err)
	}
	if is, err := codes.near(ctx, live); err != nil || is {
		t.Errorf("what was not issued is near: %v", err)
	}
	for code := range neighbours(live) {
		if is, err := codes.near(ctx, code); err != nil || is {
			t.Errorf("%s is near a dead code: %v", code, err)
		}
	}
}

// Of neighbours that are claimed at the same moment, one may be issued.
func TestNeighboursRace(t *testing.T) {
	codes, _ := openTestCodes(t)
	for round := range 50 {
		raceNeighbours(t, round, codes, codes)
	}
}

// raceNeighbours has two claim codes that are one typing error apart.
func raceNeighbours(t *testing.T, round int, at ...*Codes) {
	t.Helper()
	var won atomic.Int32
	var all sync.WaitGroup
	for i, c := range at {
		all.Go(func() {
			switch err := c.claim(t.Context(), "ada", fmt.Sprintf("%03d%02d%d", round, round*37%100, i)); {
			case err == nil:
				won.Add(1)
			case err != errTaken:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() > 1 {
		t.Errorf("%d neighbours are issued", won.Load())
	}
}

// near is told apart from neighbours: it compares two codes digit by digit.
func near(a, b string) bool {
	var differ []int
	for i := range a {
		if a[i] != b[i] {
			differ = append(differ, i)
		}
	}
	switch len(differ) {
	case 0, 1:
		return true
	case 2:
		i, j := differ[0], differ[1]
		return j == i+1 && a[i] == b[j] && a[j] == b[i]
	}
	return false
}

func TestNeighbours(t *testing.T) {
	for _, code := range []string{"482913", "112233", "000000", "909090"} {
		seen := map[string]bool{}
		for n := range neighbours(code) {
			if n == code || !near(n, code) || seen[n] {
				t.Errorf("%s has the neighbour %s (again: %v)", code, n, seen[n])
			}
			seen[n] = true
		}
		if code != "482913" {
			continue
		}
		count := 0
		for i := range 1_000_000 {
			if n := fmt.Sprintf("%06d", i); n != code && near(n, code) {
				count++
			}
		}
		if len(seen) != count {
			t.Errorf("%s has %d neighbours, want %d", code, len(seen), count)
		}
	}
	for range neighbours("482913") {
		break // it stops
	}
}

func TestTrivial(t *testing.T) {
	for _, code := range []string{"000000", "999999", "123456", "654321", "234567", "987654", "890123", "210987", "121212",
		"909090", "123123", "112233", "990011", "111222", "777000", "123321", "246802", "024680", "135791"} {
		if !trivial(code) {
			t.Errorf("%s is issued", code)
		}
	}
	for _, code := range []string{"482913", "100000", "123457", "121213", "112234", "472913", "271828"} {
		if trivial(code) {
			t.Errorf("%s is never issued", code)
		}
	}
	n := 0
	for i := range 1_000_000 {
		if trivial(fmt.Sprintf("%06d", i)) {
			n++
		}
	}
	if n > 4000 { // a guesser must not gain much by leaving them out
		t.Errorf("%d codes are trivial", n)
	}
}

func TestDrawIsUniform(t *testing.T) {
	const draws = 60_000
	var count [6][10]int
	for range draws {
		code := draw()
		if len(code) != 6 {
			t.Fatalf("%q", code)
		}
		for i := range code {
			count[i][code[i]-'0']++
		}
	}
	for i := range count {
		chi := 0.0
		for _, n := range count[i] {
			d := float64(n) - draws/10
			chi += d * d / (draws / 10)
		}
		if chi > 60 { // 9 degrees of freedom: once in a billion runs
			t.Errorf("place %d: chi-square %.1f, %v", i, chi, count[i])
		}
	}
}
