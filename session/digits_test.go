package session

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func binding() Binding {
	return Binding{Host: "host", Bridge: "bridge", HostNonce: Nonce{1}, BridgeNonce: Nonce{2}, Transcript: []byte("hello"),
		Code: "482913"}
}

// The digits of a fixed binding, worked out apart from this code by testdata/digits.py: programs of different versions
// must agree.
func TestDigitsAreStable(t *testing.T) {
	if got := binding().Digits(); got != "6477" {
		t.Errorf("digits %s, want %s", got, "6477")
	}
}

func TestCommitmentOpensOnlyAsMade(t *testing.T) {
	c := Commit(Nonce{1}, []byte("said"))
	if !c.Opens(Nonce{1}, []byte("said")) {
		t.Error("does not open")
	}
	if c.Opens(Nonce{2}, []byte("said")) || c.Opens(Nonce{1}, []byte("sai")) || c.Opens(Nonce{1}, nil) {
		t.Error("opens for something else")
	}
	if (Commitment{}).Opens(Nonce{}, nil) {
		t.Error("an empty commitment opens")
	}
}

// Every part of the binding must matter. One digest in ten thousand is equal by chance, so each is changed many times.
func TestDigitsDependOnEverything(t *testing.T) {
	changes := map[string]func(*Binding, byte){
		"host":         func(b *Binding, i byte) { b.Host += string(rune('a' + i)) },
		"bridge":       func(b *Binding, i byte) { b.Bridge += string(rune('a' + i)) },
		"host nonce":   func(b *Binding, i byte) { b.HostNonce[31] = i + 1 },
		"bridge nonce": func(b *Binding, i byte) { b.BridgeNonce[31] = i + 1 },
		"transcript":   func(b *Binding, i byte) { b.Transcript = append(b.Transcript, i) },
		"code":         func(b *Binding, i byte) { b.Code += string(rune('0' + i)) },
		"ends swapped": func(b *Binding, i byte) { b.Host, b.Bridge, b.HostNonce[0] = b.Bridge, b.Host, i },
		"border moved": func(b *Binding, i byte) { b.Host, b.Bridge, b.HostNonce[0] = b.Host+"b", "ridge", i },
	}
	for name, change := range changes {
		equal := 0
		for i := range byte(8) {
			was, is := binding(), binding()
			change(&is, i)
			was.HostNonce[0], is.HostNonce[0] = i, i
			if was.Digits() == is.Digits() {
				equal++
			}
		}
		if equal > 1 {
			t.Errorf("%s: %d of 8 changes change nothing", name, equal)
		}
	}
}

// All ten thousand digits are equally likely: chi-square of the first digit and of the last over 20,000 draws has 9
// degrees of freedom, and passes 40 once in a hundred thousand runs. The nonces are fixed, so it is one run for ever.
func TestDigitsAreUniform(t *testing.T) {
	const draws = 20_000
	source := rand.New(rand.NewPCG(1, 2))
	var count [CheckDigits][10]int
	for range draws {
		b := binding()
		for i := range b.HostNonce {
			b.HostNonce[i] = byte(source.Uint32())
		}
		digits := b.Digits()
		if len(digits) != CheckDigits || strings.Trim(digits, "0123456789") != "" {
			t.Fatalf("digits %q", digits)
		}
		for i := range CheckDigits {
			count[i][digits[i]-'0']++
		}
	}
	for i := range count {
		chi := 0.0
		for _, n := range count[i] {
			d := float64(n) - draws/10
			chi += d * d / (draws / 10)
		}
		if chi > 40 {
			t.Errorf("place %d: chi-square %.1f, counts %v", i, chi, count[i])
		}
	}
}

// Without the commitment he draws nonces until the digits agree: that is what the commitment is for.
func TestGrindingNeedsNoCommitment(t *testing.T) {
	b := binding()
	want := b.Digits()
	for tries := range 200_000 {
		if b.BridgeNonce = (Nonce{byte(tries), byte(tries >> 8), byte(tries >> 16), 9}); b.Digits() == want {
			return
		}
	}
	t.Error("no second nonce gives the same digits: the digits are longer than people can compare")
}
