package proxy

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
)

// Settings say which proxy leads to a host. The zero value is none.
type Settings struct {
	Via *url.URL // a proxy for everything
	Env bool     // where Via is nil, HTTPS_PROXY and NO_PROXY count, in capitals or not
	// Ask asks a person for the name and the password that a proxy wants. problem is ErrWantsCredentials or ErrWrongCredentials.
	// nil: nobody is there to be asked.
	Ask func(ctx context.Context, problem error) (*url.Userinfo, error)
	Who *url.Userinfo // what was answered; it takes the place of what stands in an address
}

// Choose reads a proxy's address as a person gives it; "" is what the environment says, where ALL_PROXY takes the place of an
// HTTPS_PROXY that is not set. It must be called before anything asks for a proxy: the standard library reads the environment once.
func Choose(address string) (Settings, error) {
	if address != "" {
		via, err := Parse(address)
		return Settings{Via: via}, err
	}
	if os.Getenv("HTTPS_PROXY") == "" && os.Getenv("https_proxy") == "" {
		os.Setenv("HTTPS_PROXY", cmp.Or(os.Getenv("ALL_PROXY"), os.Getenv("all_proxy")))
	}
	return Settings{Env: true}, nil
}

// For is the proxy that leads to host:port; nil when none does.
func (s Settings) For(address string) (*url.URL, error) {
	if s.Via != nil {
		return s.by(s.Via), nil
	}
	if !s.Env {
		return nil, nil
	}
	via, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
	if err != nil {
		return nil, errors.New("HTTPS_PROXY or ALL_PROXY names no proxy: it must look like http://proxy.example.com:3128") // err may show a password
	}
	if via == nil {
		return nil, nil
	}
	if via, err = Parse(via.String()); err != nil {
		return nil, err
	}
	return s.by(via), nil
}

// by is a proxy with the name and the password that were answered.
func (s Settings) by(via *url.URL) *url.URL {
	if s.Who == nil {
		return via
	}
	known := *via
	known.User = s.Who
	return &known
}
