package p2p

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"sixgate/p2p/proxy"
)

// A clock that is a day off shows beside the gateway's, which its portal tells.
func TestDoctorSeesClock(t *testing.T) {
	for off, says := range map[time.Duration]string{0: "as the gateway's", time.Minute: "as the gateway's", 24 * time.Hour: "24h0m0s behind", -24 * time.Hour: "24h0m0s ahead of"} {
		portal := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		}))
		at, err := url.Parse(portal.URL)
		if err != nil {
			t.Fatal(err)
		}
		gateways := []string{"/ip4/127.0.0.1/tcp/" + at.Port() + "/p2p/" + gatewayID}
		var said strings.Builder
		if err := (Examination{Gateways: gateways, Proxies: proxy.Settings{}}).Report(t.Context(), &said); err != errSick {
			t.Errorf("a gateway that is a portal only: %v", err)
		}
		_, line, _ := strings.Cut(said.String(), "clock")
		if !strings.Contains(line, says) || strings.Contains(line, "To do: set date") == (off.Abs() < clockOff) {
			t.Errorf("the clock is %v off: %s", off, said.String())
		}
		portal.Close()
	}
}
