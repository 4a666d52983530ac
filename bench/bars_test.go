//go:build linux

package main

import "testing"

func TestBars(t *testing.T) {
	values := func(ours, a, b float64) map[string]float64 {
		return map[string]float64{"ours": ours, "x0vncserver": a, "x11vnc": b}
	}
	for _, tt := range []struct {
		name string
		bar  bar
		how  string
	}{
		{"less is better", bar{values: values(7, 10, 20), atLeast: 0.7}, "yes"},
		{"against the better", bar{values: values(8, 10, 20), atLeast: 0.7}, "**no**"},
		{"also when it is the other", bar{values: values(8, 20, 10), atLeast: 0.7}, "**no**"},
		{"more is better", bar{values: values(25, 10, 5), more: true, atLeast: 2.5}, "yes"},
		{"not enough", bar{values: values(24, 10, 5), more: true, atLeast: 2.5}, "**no**"},
		{"but no more was there", bar{values: values(24, 10, 5), more: true, atLeast: 2.5, most: 24}, "all there are"},
		{"the clock's fault", bar{values: values(29.8, 30, 5), more: true, atLeast: 1, slack: 0.5}, "yes"},
		{"nobody spends anything", bar{values: values(0, 0, 0), atLeast: 1}, "yes"},
		{"we alone do", bar{values: values(1, 0, 0), atLeast: 1, slack: 0.05}, "**no**"},
		{"a peer has failed", bar{values: map[string]float64{"ours": 1, "x11vnc": 2}, atLeast: 0.7}, "yes"},
		{"ours has failed", bar{values: map[string]float64{"x0vncserver": 1, "x11vnc": 2}, atLeast: 0.7}, "**no**"},
		{"ours has failed where more is better", bar{values: map[string]float64{"x11vnc": 2}, more: true, atLeast: 1}, "**no**"},
	} {
		if _, how := tt.bar.met(); how != tt.how {
			t.Errorf("%s: %s, not %s", tt.name, how, tt.how)
		}
	}
}
