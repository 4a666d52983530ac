package session

import (
	"strings"
	"testing"
)

// The words are the ones that both ends' pages, events and logs show: scripts rely on them.
func TestWords(t *testing.T) {
	for s, want := range map[State]string{
		Waiting: "waiting for the other side", Checking: "checking digits", Asking: "asking the user",
		Relayed: "connected by relay", Direct: "connected directly", Paused: "paused by user",
		EndedByUser: "ended by user", EndedBySupporter: "ended by supporter", EndedByNetwork: "ended by network",
		Broken: "connection broken, trying again", 200: "unknown",
	} {
		if s.String() != want {
			t.Errorf("state %d reads %q, want %q", s, s, want)
		}
		if live := s == Relayed || s == Direct || s == Paused; s.Live() != live {
			t.Errorf("%v: live %v", s, s.Live())
		}
	}
	for r := range Reason(20) {
		if !strings.HasPrefix(r.Error(), r.State().String()) {
			t.Errorf("reason %d reads %q and leaves %q", r, r, r.State())
		}
		if known := r >= ByUser && r <= NoMode; r.Known() != known {
			t.Errorf("reason %d: known %v", r, r.Known())
		}
	}
	for m, want := range map[Mode]string{ModeActive: "active", ModeGuidance: "guidance", ModeMonitor: "monitor",
		ModeChat: "chat", ModeFiles: "files", 9: "unknown"} {
		if m.String() != want {
			t.Errorf("mode %d reads %q, want %q", m, m, want)
		}
	}
	if !(ModeActive < ModeGuidance && ModeGuidance < ModeMonitor && ModeMonitor < ModeChat && ModeChat < ModeFiles) {
		t.Error("the order of precedence is not the modes'")
	}
}

func TestParseCode(t *testing.T) {
	for typed, want := range map[string]string{
		"482913": "482913", " 482 913\n": "482913", "482-913": "482913", "4 8 2 9 1 3": "482913", "482\u00a0913": "482913",
		"": "", "48291": "", "4829133": "", "48291a": "", "+48291": "", "４８２９１３": "", "482.913": "", strings.Repeat(" ", 100) + "482913": "",
	} {
		if code, ok := ParseCode(typed); code != want || ok != (want != "") {
			t.Errorf("%q is %q, %v", typed, code, ok)
		}
	}
}

func TestAttempts(t *testing.T) {
	const digits = "4719"
	for _, tt := range []struct {
		typed []string
		want  []error
	}{
		{[]string{"4719"}, []error{nil}},
		{[]string{" 47 19 "}, []error{nil}},
		{[]string{"4718", "4719"}, []error{WrongDigitsError{2}, nil}},
		{[]string{"", "47190", "4719"}, []error{WrongDigitsError{2}, WrongDigitsError{1}, nil}},
		{[]string{"1", "2", "3", "4719", "4719"}, []error{WrongDigitsError{2}, WrongDigitsError{1}, WrongDigits, WrongDigits, WrongDigits}},
	} {
		var a Attempts
		for i, typed := range tt.typed {
			if err := a.Try(typed, digits); err != tt.want[i] {
				t.Errorf("%q: try %d gives %v, want %v", tt.typed, i, err, tt.want[i])
			}
		}
	}
	var a Attempts
	if a.Try("", "") == nil { // no digits are not digits that fit
		t.Error("nothing fits nothing")
	}
}
