package host

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"sixgate/session"
	"sixgate/web"
)

const (
	maxAnswer   = 4 << 10         // bytes of what the page says
	maxHeaders  = 16 << 10        // bytes
	maxConns    = 64              // of all browsers, and of whoever else finds the port
	maxTabs     = 4               // that follow at a time: browsers have six connections for a page, and answers need one as well
	maxTokens   = 8               // that are good at a time
	requestFor  = 2 * time.Second // that a request may take
	writeFor    = 5 * time.Second // that a browser may take to read a view
	farewell    = 2 * time.Second // that browsers have to read the last view
	desertedFor = time.Minute     // without a tab, when there has been one
)

// pageServer serves the page to browsers of this machine that came with an address it gave out.
type pageServer struct {
	page     *Page
	listener net.Listener
	http     http.Server
	address  string        // host:port, as it stands in the Host header
	secret   string        // of the cookie
	done     chan struct{} // closed by Close, once
	end      sync.Once
	served   sync.WaitGroup

	deserted chan struct{} // closed, once, when nobody has had the page open for awayFor, after somebody had
	desert   sync.Once
	awayFor  time.Duration

	mu     sync.Mutex
	tokens []string        // of addresses that were given out and not used
	tabs   []chan struct{} // that follow, the oldest first; closed when there are too many
	away   *time.Timer     // since the last tab was closed

	views, windows bell // a new view; other windows
}

// NewPage starts the page on a free port of 127.0.0.1. Close ends it.
func NewPage() (*Page, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the page on this computer: %w", err)
	}
	s := &pageServer{
		listener: l, address: l.Addr().String(), secret: rand.Text(), done: make(chan struct{}),
		deserted: make(chan struct{}), awayFor: desertedFor,
	}
	p := &Page{server: s, view: view{State: "connecting"}, open: make(map[string]chan any)}
	s.page = p
	mux := http.NewServeMux()
	for pattern, handle := range s.routes() {
		mux.Handle(pattern, handle)
	}
	s.http = http.Server{Handler: s.guard(mux), ReadTimeout: requestFor, IdleTimeout: time.Minute, MaxHeaderBytes: maxHeaders}
	s.served.Go(func() { s.http.Serve(netutil.LimitListener(l, maxConns)) })
	return p, nil
}

// Address is where a browser finds the page. It is good for one browser, once: whoever reads it later learns nothing.
func (p *Page) Address() string {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	token := rand.Text()
	s.tokens = append(s.tokens[max(0, len(s.tokens)+1-maxTokens):], token)
	return fmt.Sprintf("http://%s/open?token=%s", s.address, token)
}

// HostPort is where the page listens.
func (p *Page) HostPort() string { return p.server.address }

// Close ends the page, when the browsers that show it have its last view.
func (p *Page) Close() error {
	s := p.server
	s.end.Do(func() { close(s.done) })
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.served.Wait()
	return err
}

// guard lets in who speaks to this address (others come by a name that resolves to this machine), from this page (others come from
// a page elsewhere), with the cookie that the address gave out.
func (s *pageServer) guard(next http.Handler) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/open" {
			s.open(w, r)
			return
		}
		if c, err := r.Cookie(s.cookie()); err != nil || !equal(c.Value, s.secret) {
			http.Error(w, "This page belongs to a program on this computer. Open it from there.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.Host != s.address {
			http.Error(w, "wrong host", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
		guarded.ServeHTTP(w, r)
	})
}

// cookie names the cookie: browsers keep those of all ports of a machine together.
func (s *pageServer) cookie() string {
	_, port, _ := net.SplitHostPort(s.address)
	return "sixgate-" + port
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// open exchanges the token of an address for the cookie.
func (s *pageServer) open(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || !s.use(r.URL.Query().Get("token")) {
		http.Error(w, "This address was used before. Open the page from the program again.", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookie(), Value: s.secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	// Not a redirect: a browser that came from elsewhere would follow it without the cookie.
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Refresh", "0; url=/")
	io.WriteString(w, `<!doctype html><title>Sixgate</title><link rel="icon" href="data:,">`)
}

// use tells whether a token is good, once.
func (s *pageServer) use(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range s.tokens {
		if equal(t, token) {
			s.tokens = slices.Delete(s.tokens, i, i+1)
			return true
		}
	}
	return false
}

// routes are all that the page's browser may ask for and say; guard stands before each.
func (s *pageServer) routes() map[string]http.Handler {
	routes := map[string]http.Handler{
		"GET /":        http.FileServerFS(web.Host()),
		"GET /words/":  http.FileServerFS(web.Catalogues()),
		"GET /events":  http.HandlerFunc(s.events),
		"POST /proxy":  answer(func(a proxyAnswer) error { return s.page.answered("proxy", a) }),
		"POST /code":   answer(func(code string) error { return s.page.answered("code", code) }),
		"POST /digits": answer(func(digits string) error { return s.page.answered("digits", digits) }),
		"POST /allow": answer(func(a struct {
			Mode        string
			Permissions []string
			ShowNew     bool
		}) error {
			g := Grant{ShowNew: a.ShowNew}
			var ok bool
			if g.Mode, ok = session.ParseMode(a.Mode); !ok {
				return errNoSuch
			}
			for _, name := range a.Permissions {
				p, ok := session.ParsePermission(name)
				if !ok {
					return errNoSuch
				}
				g.Permissions |= p
			}
			return s.page.answered("allow", g)
		}),
		"POST /change": answer(func(c struct {
			Permission string
			On         bool
		}) error {
			p, ok := session.ParsePermission(c.Permission)
			if !ok {
				return errNoSuch
			}
			return s.page.change(p, c.On)
		}),
		"POST /step": answer(func(mode string) error {
			m, ok := session.ParseMode(mode)
			if !ok {
				return errNoSuch
			}
			return s.page.step(m)
		}),
		"POST /power": answer(func(yes bool) error { return s.page.answered("power", yes) }),
		"POST /stop":  answer(func(stop bool) error { return s.page.answered("stop", stop) }),
	}
	maps.Copy(routes, s.hidingRoutes())
	return routes
}

var errNoSuch = errors.New("there is no such permission or mode")

// answer handles an answer of the page: JSON of one type, and no more.
func answer[T any](take func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			http.Error(w, "the page says JSON", http.StatusUnsupportedMediaType) // a form of another page cannot
			return
		}
		var a T
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&a); err != nil {
			http.Error(w, "not what the page would say", http.StatusBadRequest)
			return
		}
		if _, err := d.Token(); err != io.EOF {
			http.Error(w, "more than the page would say", http.StatusBadRequest)
			return
		}
		switch err := take(a); {
		case errors.Is(err, errNoSuch):
			http.Error(w, err.Error(), http.StatusBadRequest)
		case err != nil:
			http.Error(w, err.Error(), http.StatusConflict)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}
}
