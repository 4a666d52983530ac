//go:build linux

package x11

import (
	"context"
	"image"
	"log/slog"
	"slices"
	"testing"
	"time"

	"sixgate/desktop/xvfb"
)

// benchDesktop opens a 1920x1080 screen, and a painter on it.
func benchDesktop(b *testing.B, args ...string) (*Desktop, *painter) {
	x, err := xvfb.Start(context.Background(), "1920x1080x24", args...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(x.Close)
	d, err := Open(x.Display, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d, newPainter(b, x)
}

// BenchmarkDamage is from the drawing of 100x20 pixels to having them.
func BenchmarkDamage(b *testing.B) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			d, p := benchDesktop(b, way.args...)
			nothing := func([]piece) {}
			d.Capture(nothing)
			var took, captured []time.Duration
			for i := 0; b.Loop(); i++ {
				p.fill(image.Rect(i%1000, i%800, i%1000+100, i%800+20), uint32(i))
				drawn := time.Now()
				<-d.Changed()
				told := time.Now()
				if err := d.Capture(nothing); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(drawn))
				captured = append(captured, time.Since(told))
			}
			slices.Sort(took)
			slices.Sort(captured)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "µs-p95")
			b.ReportMetric(float64(captured[len(captured)/2].Microseconds()), "µs-capture-p50")
		})
	}
}

// BenchmarkWhole captures all of the screen.
func BenchmarkWhole(b *testing.B) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			d, _ := benchDesktop(b, way.args...)
			b.SetBytes(4 * 1920 * 1080)
			for b.Loop() {
				d.whole = true
				if err := d.Capture(func([]piece) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

var ways = []struct {
	name string
	args []string
}{{"shared", nil}, {"sent", []string{"-extension", "MIT-SHM"}}}

// BenchmarkFirst is of a desktop's first picture, read.
func BenchmarkFirst(b *testing.B) {
	x, err := xvfb.Start(context.Background(), "1920x1080x24")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(x.Close)
	var took []time.Duration
	for b.Loop() {
		d, err := Open(x.Display, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		start, sum := time.Now(), uint32(0)
		d.Capture(func(pieces []piece) {
			for _, px := range pieces[0].Pix {
				sum += px
			}
		})
		took = append(took, time.Since(start))
		d.Close()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
}
