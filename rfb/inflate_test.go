package rfb

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// pieces is data that a zlib stream carries in flushed pieces.
func pieces() [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	few := make([]byte, 70_000)
	for i := range few {
		few[i] = byte(r.Uint32N(3)) * byte(r.Uint32N(2))
	}
	text := bytes.Repeat([]byte("a window, a menu, and a pointer; "), 4000)
	skew := make([]byte, 50_000) // long codes
	for i := range skew {
		skew[i] = byte(r.ExpFloat64() * 12)
	}
	return [][]byte{{1}, noise[:5], text[:300], noise, few, make([]byte, 200_000), text, skew, {7, 7, 7}, append(noise[:40_000:40_000], text...)}
}

// piecesAt compresses each piece by the standard library, which shares nothing with what is tested.
func piecesAt(t testing.TB, level int) [][]byte {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	var packed [][]byte
	for _, p := range pieces() {
		w.Write(p)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		packed = append(packed, bytes.Clone(out.Bytes()))
		out.Reset()
	}
	return packed
}

func TestInflateInPieces(t *testing.T) {
	for _, level := range []int{0, 1, 6, 9, zlib.HuffmanOnly} {
		var z inflater
		for round := range 2 { // the second after a reset
			for i, packed := range piecesAt(t, level) {
				want := pieces()[i]
				var got []byte
				z.begin(bufio.NewReaderSize(bytes.NewReader(packed), 16), len(packed))
				for len(got) < len(want) {
					b, err := z.take(min(1+len(got)/2, 30_000, len(want)-len(got)))
					if err != nil {
						t.Fatalf("level %d round %d piece %d after %d bytes: %v", level, round, i, len(got), err)
					}
					got = append(got, b...)
				}
				if err := z.end(); err != nil {
					t.Fatalf("level %d piece %d: %v", level, i, err)
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("level %d piece %d differs", level, i)
				}
			}
			z.reset()
		}
	}
}

func TestInflateCountsExactly(t *testing.T) {
	for i, packed := range piecesAt(t, 6)[:1] {
		want := pieces()[i]
		var short, long inflater
		short.begin(bufio.NewReader(bytes.NewReader(packed)), len(packed))
		if _, err := short.take(len(want) + 1); !errors.Is(err, errTooShort) {
			t.Errorf("one byte more than there is: %v", err)
		}
		long.begin(bufio.NewReader(bytes.NewReader(packed)), len(packed))
		if _, err := long.take(len(want) - 1); err != nil {
			t.Fatal(err)
		}
		if err := long.end(); !errors.Is(err, errTooLong) {
			t.Errorf("one byte fewer than there is: %v", err)
		}
	}
}

// FuzzInflate compares with the standard library: what it accepts we accept, with the same bytes.
func FuzzInflate(f *testing.F) {
	for _, level := range []int{0, 1, 9} {
		for _, p := range piecesAt(f, level)[:3] {
			f.Add(p)
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		var want []byte
		wantErr := errors.New("no header")
		if r, err := zlib.NewReader(bytes.NewReader(packed)); err == nil {
			want, wantErr = io.ReadAll(io.LimitReader(r, 1<<20))
		}
		var z inflater
		z.begin(bufio.NewReader(bytes.NewReader(packed)), len(packed))
		got, err := z.peek(len(want))
		if len(got) > len(want)+inflateSlack && wantErr == nil {
			t.Fatalf("%d bytes, not %d", len(got), len(want))
		}
		if wantErr == nil && err != nil {
			t.Fatalf("%v where the standard library has no complaint", err)
		}
		if err == nil && !bytes.HasPrefix(got, want) {
			t.Fatalf("%x, not %x", got, want)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	for i, name := range map[int]string{3: "noise", 4: "few", 6: "text", 7: "skew"} {
		want, packed := pieces()[i], []byte(nil)
		var d deflater
		packed = d.append(nil, want, 1)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(want)))
			br := bufio.NewReader(nil)
			var z inflater
			for b.Loop() {
				br.Reset(bytes.NewReader(packed))
				z.reset()
				z.begin(br, len(packed))
				if _, err := z.take(len(want)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
