package proxy

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"os"
)

// Settings say which proxy leads to a host. The zero value is none.
type Settings struct {
	Via *url.URL // a proxy for everything
	Env bool     // where Via is nil, HTTPS_PROXY and NO_PROXY count, in capitals or not
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
	if s.Via != nil || !s.Env {
		return s.Via, nil
	}
	via, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
	if err != nil {
		return nil, errors.New("HTTPS_PROXY or ALL_PROXY names no proxy: it must look like http://proxy.example.com:3128") // err may show a password
	}
	if via == nil {
		return nil, nil
	}
	return Parse(via.String())
}
