//go:build linux

package conformance

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"sync"
	"testing"
)

// tabs are those of a Chromium, which web/test/browser.mjs drives.
type tabs struct {
	in io.Writer

	mu      sync.Mutex
	waiting []chan answered // by the number of the command
}

type answered struct {
	ID    int
	Value any
	Error string
}

// newTabs starts it, in a network namespace unless that is "".
func newTabs(t *testing.T, namespace string) *tabs {
	t.Helper()
	cmd := exec.Command("node", "../web/test/browser.mjs")
	if namespace != "" {
		cmd = exec.Command("ip", "netns", "exec", namespace, "node", "../web/test/browser.mjs")
	}
	cmd.Env = append(cmd.Environ(), "CHROMIUM="+chromium)
	cmd.Stderr = t.Output()
	in, out := startPiped(t, cmd)
	b := &tabs{in: in}
	var reading sync.WaitGroup
	reading.Go(func() { b.read(out) })
	t.Cleanup(func() { in.Close(); reading.Wait(); cmd.Wait() })
	return b
}

// read hands the answers to those who wait for them, and an error to all when the browser leaves.
func (b *tabs) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var a answered
		if json.Unmarshal(lines.Bytes(), &a) == nil {
			b.mu.Lock()
			b.waiting[a.ID] <- a
			b.mu.Unlock()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.waiting {
		select {
		case w <- answered{Error: "the browser has left"}:
		default: // has its answer
		}
	}
	b.in = nil
}

// do gives a command and returns what came of it.
func (b *tabs) do(t *testing.T, command string, args ...any) any {
	t.Helper()
	b.mu.Lock()
	if b.in == nil {
		b.mu.Unlock()
		t.Fatal("the browser has left")
	}
	answer := make(chan answered, 1)
	line, err := json.Marshal(append([]any{len(b.waiting), command}, args...))
	b.waiting = append(b.waiting, answer)
	if err == nil {
		_, err = b.in.Write(append(line, '\n'))
	}
	b.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	a := <-answer
	if a.Error != "" {
		t.Fatalf("%s: %s", line, a.Error)
	}
	return a.Value
}

// showNew has the end user choose that windows which open later are shown without asking, and with them what is no window: few
// tests are about that.
func (b *tabs) showNew(t *testing.T, tab string) {
	t.Helper()
	b.do(t, "click", tab, "details.hide summary")
	b.do(t, "click", tab, "input[name=ask]")
	b.do(t, "wait", tab, "input[name=ask]:not(:checked)")
}
