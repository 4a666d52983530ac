package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxHeader is how long the header of a request to the portal may be, in bytes.
const maxHeader = 16 << 10

// about is the portal's page.
const about = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sixgate gateway</title>
<style>body { max-width: 36em; margin: 4em auto; padding: 0 1em; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark }</style>
<h1>Sixgate gateway</h1>
<p>This server brings two people together for remote help: one reads out a six-digit code, the other types it. What they then see
and do is encrypted from one end to the other. This server cannot read it.</p>
<p>There is nothing to do here. If somebody asked you for a code, start the program that they gave you, and type it there.</p>
<p>Is it up? <a href="/health">/health</a>. Sixgate is free software under the MIT licence: its source is where the person who runs
this server has it from.</p>
</html>
`

// portal is what a browser finds at the gateway's port.
func portal() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, about)
	})
	m.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusPermanentRedirect)
			return
		}
		for name, value := range map[string]string{"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
			w.Header().Set(name, value)
		}
		m.ServeHTTP(w, r)
	})
}

// checkPortal has the metrics on loopback: they tell when and how often people are helped, which is nobody's business outside.
func checkPortal(at string) error {
	if a, err := netip.ParseAddrPort(at); at != "" && (err != nil || !a.Addr().IsLoopback()) {
		return fmt.Errorf("the portal cannot be at %q: it must be on loopback, as in 127.0.0.1:8080; to reach it from elsewhere use ssh -L", at)
	}
	return nil
}

// servePortal serves the metrics.
func (g *Gateway) servePortal(serving context.Context, at string) error {
	if at == "" {
		return nil
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --portal", err)
	}
	m := http.NewServeMux()
	m.Handle("GET /metrics", promhttp.HandlerFor(g.metrics.all, promhttp.HandlerOpts{}))
	s := &http.Server{Handler: m, ReadTimeout: answerFor, WriteTimeout: answerFor, MaxHeaderBytes: maxHeader}
	g.log.Info("metrics", "at", "http://"+l.Addr().String()+"/metrics")
	g.running.Go(func() {
		defer context.AfterFunc(serving, func() { s.Close() })()
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			g.log.Error("the portal has ended", "err", err)
		}
	})
	return nil
}
