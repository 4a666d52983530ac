package host

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sixgate/session"
)

// Windows: on a terminal, the end user answers for new windows only, in Live.
func (t *terminal) Windows(*Hiding) {}

func (t *terminal) Live(ctx context.Context, c *Consent) error {
	stands := c.State()
	t.Show(stands)
	fmt.Fprintln(t.out, "Your supporter sees your screen now. Ctrl-C ends it at once.")
	if steps := lower(c.Lower()); steps != nil {
		fmt.Fprintf(t.out, "To let them do less, for the rest of the session, type %s.\n", strings.Join(steps, ", "))
	}
	changes := make(chan struct{}, 1)
	c.Watch(func() { poke(changes) })
	if c.hiding != nil {
		c.hiding.Watch(func() { poke(changes) })
		poke(changes)
	}
	var told []question
	for lines := t.lines; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changes:
			if now := c.Standing(); now.State != stands {
				t.mended(stands, now)
				stands = now.State
			}
			told = t.tell(c.hiding.asked(), told)
		case line, more := <-lines:
			answer := strings.ToLower(strings.TrimSpace(line))
			switch {
			case !more:
				lines = nil // the session goes on
				continue
			case t.hand(line), t.step(c, answer), len(told) == 0:
				continue
			}
			t.say(answerNew(c.hiding, told, answer))
			told = nil // and once more, if that was no answer
			poke(changes)
		}
	}
}

// Stand says that the connection broke, and that it is back.
func (t *terminal) Stand(now Standing) {
	was := t.stands
	t.stands = now.State
	if (was == session.Broken) != (now.State == session.Broken) {
		t.mended(was, now)
	}
}

// mended says that the connection broke, or is there again, or is another.
func (t *terminal) mended(was session.State, now Standing) {
	if was == session.Broken {
		fmt.Fprintln(t.out, "The connection is back.")
	}
	t.Show(now.State)
	if now.State == session.Broken {
		fmt.Fprintf(t.out, "Nothing has come from your supporter since %s. Nobody sees your screen now. Ctrl-C ends it all the same.\n",
			now.Since.Format(time.TimeOnly))
	}
}

// step steps down where answer is the letter of a lower mode, and tells whether it was.
func (t *terminal) step(c *Consent, answer string) bool {
	for _, m := range c.Lower() {
		if letter, has := letters[m]; has && letter == answer {
			t.say(c.Step(m))
			fmt.Fprintf(t.out, "From now on they can only %s.\n", does[m])
			return true
		}
	}
	return false
}

// tell asks about the first of the new windows, unless that was told before.
func (t *terminal) tell(asked, told []question) []question {
	switch {
	case len(asked) == 0:
		return nil
	case len(told) > 0 && asked[0].window.ID == told[0].window.ID:
		return told
	}
	fmt.Fprintf(t.out, "New window: %s. It is hidden. Type s to show it, h to leave it hidden", asked[0].window.Program)
	if n := len(asked); n > 1 {
		fmt.Fprintf(t.out, "; sa to show all %d new ones, ha to leave them hidden", n)
	}
	fmt.Fprintln(t.out, ".")
	return asked
}

// answerNew takes the answer about new windows. Anything but an answer changes nothing.
func answerNew(h *Hiding, told []question, answer string) error {
	first, all := []uint32{told[0].window.ID}, make([]uint32, len(told))
	for i, q := range told {
		all[i] = q.window.ID
	}
	switch answer {
	case "s":
		return h.show(first)
	case "h":
		return h.hide(first)
	case "sa":
		return h.show(all)
	case "ha":
		return h.hide(all)
	}
	return nil
}

// askLive asks while Live reads the lines.
func (t *terminal) askLive(ctx context.Context, prompt string) (string, error) {
	answer := make(chan string, 1)
	t.wait(answer)
	defer t.wait(nil)
	fmt.Fprint(t.out, prompt)
	select {
	case line := <-answer:
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		fmt.Fprintln(t.out)
		return "", ctx.Err()
	}
}

func (t *terminal) wait(answer chan<- string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = answer
}

// hand gives a line to the question that waits for one. It tells whether there is one.
func (t *terminal) hand(line string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		return false
	}
	t.waiting <- line
	t.waiting = nil
	return true
}
