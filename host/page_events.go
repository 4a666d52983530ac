package host

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// bell wakes those who listen to it.
type bell struct {
	mu    sync.Mutex
	rings chan struct{}
}

// next is closed when the bell rings from now on.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rings == nil {
		b.rings = make(chan struct{})
	}
	return b.rings
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rings != nil {
		close(b.rings)
		b.rings = nil
	}
}

// events sends the view, and every later one, until the tab is closed, newer ones take its place, or the program ends.
func (s *pageServer) events(w http.ResponseWriter, r *http.Request) {
	tooMany, leave := s.follow()
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	for view, windows := s.send(w, "message"), s.send(w, "windows"); view != nil && windows != nil; {
		select {
		case <-view:
			view = s.send(w, "message")
		case <-windows:
			windows = s.send(w, "windows")
		case <-s.done:
			s.send(w, "message") // the last view may be newer than what was sent
			return
		case <-tooMany:
			write(w, "replaced", nil) // or the browser would come again by itself
			return
		case <-r.Context().Done():
			return
		}
	}
}

// send sends an event of a kind as it is now. It returns what is closed when there is something newer; nil when the tab is gone.
func (s *pageServer) send(w http.ResponseWriter, kind string) (newer <-chan struct{}) {
	var event any
	if kind == "windows" {
		newer = s.windows.next()
		event = s.page.hidingNow()
	} else {
		newer = s.views.next()
		event = s.page.now()
	}
	b, err := json.Marshal(event)
	if err != nil || write(w, kind, b) != nil {
		return nil
	}
	return newer
}

func write(w http.ResponseWriter, kind string, data []byte) error {
	out := http.NewResponseController(w)
	out.SetWriteDeadline(time.Now().Add(writeFor))
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, data); err != nil {
		return err
	}
	return out.Flush()
}

// follow counts a tab in until it leaves. The oldest goes for one too many.
func (s *pageServer) follow() (tooMany <-chan struct{}, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tabs) == maxTabs {
		close(s.tabs[0])
		s.tabs = slices.Delete(s.tabs, 0, 1)
	}
	tab := make(chan struct{})
	s.tabs = append(s.tabs, tab)
	if s.away != nil {
		s.away.Stop()
	}
	return tab, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tabs = slices.DeleteFunc(s.tabs, func(c chan struct{}) bool { return c == tab })
		if len(s.tabs) == 0 {
			s.away = time.AfterFunc(s.awayFor, s.abandon)
		}
	}
}

// abandon says that nobody comes back, unless somebody just did.
func (s *pageServer) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tabs) == 0 {
		s.desert.Do(func() { close(s.deserted) })
	}
}
