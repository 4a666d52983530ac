package host

import (
	"image"
	"image/png"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The page shows a hidden window's program and nothing else of it: the supporter sees the page.

// maxListed is how many windows the page lists.
const maxListed = 500

// thumbnailSize bounds the pictures of windows, in pixels.
var thumbnailSize = image.Pt(160, 100)

// viewHiding is what the page shows of windows: the program's side of web/host/windows.ts.
type viewHiding struct {
	Ask      bool         `json:"ask"` // before a new window is shown
	Windows  []viewWindow `json:"windows"`
	New      []viewWindow `json:"new"`      // that the end user is asked about
	Programs []string     `json:"programs"` // that are hidden with what they will open
}

type viewWindow struct {
	ID      uint32 `json:"id"`
	Program string `json:"program"`
	Title   string `json:"title,omitempty"`
	Hidden  bool   `json:"hidden,omitempty"`
}

// view is what the page shows of h.
func (h *hidden) view() *viewHiding {
	v := &viewHiding{Ask: !h.showNew, Windows: []viewWindow{}, New: []viewWindow{}, Programs: slices.AppendSeq([]string{}, maps.Keys(h.programs))}
	for _, w := range h.windows[:min(len(h.windows), maxListed)] {
		line := viewWindow{ID: w.ID, Program: w.Program, Hidden: h.known[w.ID]}
		if !line.Hidden {
			line.Title = w.Title
		}
		v.Windows = append(v.Windows, line)
	}
	for _, q := range h.asked {
		v.New = append(v.New, viewWindow{ID: q.window.ID, Program: q.window.Program, Hidden: true})
	}
	return v
}

// Windows has the page let the end user choose what h hides.
func (p *Page) Windows(h *Hiding) {
	p.mu.Lock()
	p.hiding = h
	p.mu.Unlock()
	h.Watch(p.server.windows.ring)
	p.server.windows.ring()
}

// hidingNow is what the page shows of windows at this moment; nil where nothing can be hidden.
func (p *Page) hidingNow() *viewHiding {
	p.mu.Lock()
	h := p.hiding
	p.mu.Unlock()
	if h == nil {
		return nil
	}
	now := h.now()
	return now.view()
}

// hide makes a change of what is hidden.
func (p *Page) hide(change func(*Hiding) error) error {
	p.mu.Lock()
	h, c := p.hiding, p.consent
	p.mu.Unlock()
	if h == nil {
		return errNotAsked
	}
	err := change(h)
	if c != nil {
		p.refresh(c, err)
	}
	return err
}

// hidingRoutes are the page's answers about windows, and their pictures.
func (s *pageServer) hidingRoutes() map[string]http.Handler {
	type ofProgram struct {
		Program string
		Hide    bool
	}
	return map[string]http.Handler{
		"GET /windows/{id}":     http.HandlerFunc(s.thumbnail),
		"POST /windows/hide":    hiding(s, (*Hiding).hide),
		"POST /windows/show":    hiding(s, (*Hiding).click),
		"POST /windows/only":    hiding(s, (*Hiding).hideAllBut),
		"POST /windows/ask":     hiding(s, (*Hiding).ask),
		"POST /windows/program": hiding(s, func(h *Hiding, p ofProgram) error { return h.setProgram(p.Program, p.Hide) }),
	}
}

// hiding handles the page's change of what is hidden.
func hiding[T any](s *pageServer, change func(*Hiding, T) error) http.HandlerFunc {
	return answer(func(a T) error {
		return s.page.hide(func(h *Hiding) error { return change(h, a) })
	})
}

// thumbnail sends a picture of a window that is shown.
func (s *pageServer) thumbnail(w http.ResponseWriter, r *http.Request) {
	s.page.mu.Lock()
	h := s.page.hiding
	s.page.mu.Unlock()
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 32)
	if err != nil || h == nil {
		http.NotFound(w, r)
		return
	}
	img, err := h.thumbnail(r.Context(), uint32(id), thumbnailSize)
	if err != nil || img == nil { // covered, gone or hidden: the page shows an empty place
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeFor))
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	encoder.Encode(w, img)
}
