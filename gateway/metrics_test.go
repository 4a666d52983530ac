package gateway

import (
	"io"
	"testing"
	"time"

	"sixgate/p2p/message"
)

// valuesOf are a gateway's metrics: counters, gauges, and how many values histograms have.
func valuesOf(t *testing.T, g *Gateway) map[string]float64 {
	t.Helper()
	families, err := g.metrics.all.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			all[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// What the gateway does shows in its metrics, and nobody's name with it.
func TestMetrics(t *testing.T) {
	g := start(t, Options{})
	_, id := whereabouts(g)
	b, h := addBridge(t, g, "Ada"), dialHost(t, "/ip4/127.0.0.1/tcp/1/p2p/"+id, only(g, "websocket"))
	h.Join(t.Context(), "000000")
	host, bridge := call(t, h, b)
	consent(t, host, bridge)
	at, from := screen(t, host, bridge)
	const passed = 1 << 20
	go at.Write(make([]byte, passed))
	if _, err := io.ReadFull(from, make([]byte, passed)); err != nil {
		t.Fatal(err)
	}
	values := func() map[string]float64 { return valuesOf(t, g) }
	var v map[string]float64
	for end := time.Now().Add(10 * time.Second); v["sixgate_path_rtt_seconds relay"] == 0 && time.Now().Before(end); v = values() {
		time.Sleep(20 * time.Millisecond) // until the bridge has measured it
	}
	for name, least := range map[string]float64{"sixgate_connections tcp": 1, "sixgate_connections websocket": 1, "sixgate_codes_issued_total": 1, "sixgate_codes_redeemed_total": 1,
		"sixgate_refusals_total wrong code": 1, "sixgate_relayed_sessions": 1, "sixgate_relayed_bytes_total": passed,
		"sixgate_failed_ways_total false refused tcp": 1, "sixgate_path_rtt_seconds relay": 1} {
		if v[name] < least {
			t.Errorf("%s is %v, want at least %v", name, v[name], least)
		}
	}
	h.Close()
	b.Close()
	for end := time.Now().Add(10 * time.Second); values()["sixgate_relayed_sessions"] > 0 || values()["sixgate_connections tcp"] > 0; {
		if time.Now().After(end) {
			t.Fatalf("when all have left, the metrics are %v", values())
		}
	}
}

// Whoever reports what there is not makes no metric that there was not.
func TestHostileReports(t *testing.T) {
	m := newMetrics()
	reports := []*message.Report{
		{Lost: []*message.LostWay{{Transport: 1 << 31, Why: 1 << 31}, {Transport: 3, Why: 255, Proxy: true}, {Why: 99}, {}}},
		{Undirect: 1 << 31}, {Undirect: 256}, {Path: 3, Micros: 1}, {Path: 1 << 31}, {Path: 2, Micros: 1<<32 - 1}, {},
	}
	for n := range uint32(300) {
		reports = append(reports, &message.Report{Undirect: n, Lost: []*message.LostWay{{Transport: n, Why: n}}})
	}
	for _, r := range reports {
		m.take(r)
	}
	families, err := m.all.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if most := map[string]int{"sixgate_failed_ways_total": 4 * 2 * 12, "sixgate_failed_directs_total": 12, "sixgate_path_rtt_seconds": 2}[f.GetName()]; most > 0 && len(f.Metric) > most {
			t.Errorf("%s has %d values", f.GetName(), len(f.Metric))
		}
	}
}
