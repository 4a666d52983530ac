package proxy

import (
	"errors"
	"net/url"
	"os"

	"golang.org/x/net/http/httpproxy"
)

// Settings say which proxy leads to a host. The zero value is none.
type Settings struct {
	Via *url.URL // a proxy for everything
	// Env has the settings of the environment count where Via is nil: HTTPS_PROXY, else ALL_PROXY, and NO_PROXY, in capitals or not.
	Env bool
}

// For is the proxy that leads to host:port; nil when none does.
func (s Settings) For(address string) (*url.URL, error) {
	if s.Via != nil || !s.Env {
		return s.Via, nil
	}
	c := httpproxy.FromEnvironment()
	for _, name := range []string{"ALL_PROXY", "all_proxy"} {
		if c.HTTPSProxy == "" {
			c.HTTPSProxy = os.Getenv(name)
		}
	}
	via, err := c.ProxyFunc()(&url.URL{Scheme: "https", Host: address})
	if err != nil {
		return nil, errors.New("HTTPS_PROXY or ALL_PROXY names no proxy: it must look like http://proxy.example.com:3128") // err may show a password
	}
	if via == nil {
		return nil, nil
	}
	return Parse(via.String())
}
