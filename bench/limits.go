//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zlib"

	"sixgate/bench/scene"
	"sixgate/desktop/x11"
	"sixgate/rfb"
)

// limit is what one step of ours, or the library below it, takes at its best on this machine, with nothing around it.
type limit struct {
	what  string
	cost  float64 // ms for a million pixels
	bytes float64 // a pixel that come out of it; 0: as many as went in
}

// measureLimits measures on the workloads' own pictures.
func measureLimits(ctx context.Context, st *stage) (limits []limit, err error) {
	screen, there := pictureOf(scene.Photo(st.size, image.Point{}, 1)), rfb.NewImage(image.Rectangle{Max: st.size})
	limits = append(limits, limit{"memcpy of a screen", best(len(screen.Pix), func() { copy(there.Pix, screen.Pix) }), 0})
	captured, err := captures(st)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	limits = append(limits, limit{"our capture of a changed screen, which the X server copies once", captured, 0})

	frame := pictureOf(videoFrame(0))
	for _, j := range []struct {
		rfb.JPEG
		name string
	}{{rfb.JPEG{Quality: 92, Sampling: rfb.Sampling444}, "444"}, {rfb.JPEG{Quality: 80, Sampling: rfb.Sampling420}, "420"}} {
		l, err := tjbench(ctx, st.scratch, frame, j.Quality, j.name)
		if err != nil {
			return nil, err
		}
		limits = append(limits, l, encodes(fmt.Sprintf("our encoder on it, JPEG %d %s", j.Quality, j.name), frame, rfb.Encoder{JPEG: j.JPEG, Level: 2}))
	}

	text, err := textOf(ctx, st)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, 0, 3*len(text.Pix))
	for _, p := range text.Pix {
		plain = append(plain, byte(p>>16), byte(p>>8), byte(p))
	}
	var packed bytes.Buffer
	z, _ := zlib.NewWriterLevel(nil, 1)
	cost := best(len(text.Pix), func() {
		packed.Reset()
		z.Reset(&packed)
		z.Write(plain)
		z.Close()
	})
	limits = append(limits, limit{"klauspost's zlib level 1 on the terminal's window, 3 bytes a pixel", cost, float64(packed.Len()) / float64(len(text.Pix))},
		encodes("our encoder on it, lossless", text, rfb.Encoder{Level: 2}))
	return limits, nil
}

// bestOf is how often a thing is done to find out how fast it can be.
const bestOf = 20

// best is the shortest time of do in ms for a million pixels.
func best(pixels int, do func()) float64 {
	shortest := time.Hour
	for range bestOf {
		start := time.Now()
		do()
		shortest = min(shortest, time.Since(start))
	}
	return ms(shortest) / (float64(pixels) / 1e6)
}

// encodes measures an encoder of ours on a picture as a whole.
func encodes(what string, m *rfb.Image, e rfb.Encoder) limit {
	var out []byte
	cost := best(len(m.Pix), func() {
		e.Lossy = e.Lossy[:0]
		out, _ = e.Append(out[:0], rfb.EncodingTight, m, m.Rect)
	})
	return limit{what, cost, float64(len(out)) / float64(len(m.Pix))}
}

// captures has our capture read the screen after each change of all of it.
func captures(st *stage) (cost float64, err error) {
	d, err := x11.Open(st.display.Display, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer d.Close()
	a, err := st.photos()
	if err != nil {
		return 0, err
	}
	defer a.end()
	shortest := time.Hour
	for range bestOf {
		if err := a.take(); err != nil {
			return 0, err
		}
		<-d.Changed()
		start, pixels := time.Now(), 0
		err := d.Capture(func(pieces []struct {
			Rect   image.Rectangle
			Pix    []uint32
			Stride int
		}) {
			for _, p := range pieces {
				pixels += p.Rect.Dx() * p.Rect.Dy()
			}
		})
		if err != nil {
			return 0, err
		}
		if pixels == st.size.X*st.size.Y {
			shortest = min(shortest, time.Since(start))
		}
	}
	if shortest == time.Hour {
		return 0, errors.New("no change of the whole screen came as one")
	}
	return ms(shortest) / (float64(st.size.X*st.size.Y) / 1e6), nil
}

// tjbench asks libjpeg-turbo's own benchmark.
func tjbench(ctx context.Context, scratch string, m *rfb.Image, quality int, sampling string) (limit, error) {
	name := filepath.Join(scratch, "frame.ppm")
	b := fmt.Appendf(nil, "P6 %d %d 255\n", m.Rect.Dx(), m.Rect.Dy())
	for _, p := range m.Pix {
		b = append(b, byte(p>>16), byte(p>>8), byte(p))
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		return limit{}, err
	}
	l := limit{what: fmt.Sprintf("libjpeg-turbo's tjbench on a frame of the video, JPEG %d %s", quality, sampling), cost: math.Inf(1)}
	for range 4 { // it tells its mean, which a busy moment spoils
		rate, ratio, err := runTJBench(ctx, name, quality, sampling)
		if err != nil {
			return l, err
		}
		l.cost, l.bytes = min(l.cost, 1000/rate), 4/ratio
	}
	return l, nil
}

// runTJBench returns the Mpixels that were compressed in a second, and by how much those of 4 bytes became smaller.
func runTJBench(ctx context.Context, name string, quality int, sampling string) (rate, ratio float64, err error) {
	out, err := exec.CommandContext(ctx, "tjbench", name, strconv.Itoa(quality), "-subsamp", sampling,
		"-bgrx", "-accuratedct", "-quiet", "-benchtime", "0.2", "-warmup", "0.1", "-componly", "-nowrite").Output()
	if err != nil {
		return 0, 0, fmt.Errorf("tjbench: %w (make install-bench)", err)
	}
	_, after, _ := strings.Cut(string(out), "BGRX (TD)") // sampling, quality, width, height, Mpixel/s, ratio
	columns := strings.Fields(after)
	if len(columns) < 6 {
		return 0, 0, fmt.Errorf("tjbench says %q", out)
	}
	if rate, err = strconv.ParseFloat(columns[4], 64); err != nil {
		return 0, 0, err
	}
	ratio, err = strconv.ParseFloat(columns[5], 64)
	return rate, ratio, err
}

// textOf is the terminal's window, full of text.
func textOf(ctx context.Context, st *stage) (*rfb.Image, error) {
	a, err := st.terminal()
	if err != nil {
		return nil, err
	}
	defer a.end()
	if err := a.take(); err != nil {
		return nil, err
	}
	if _, err := a.see(ctx, st); err != nil {
		return nil, err
	}
	img, err := st.screen.Read(a.at)
	if err != nil {
		return nil, err
	}
	return pictureOf(img), nil
}

// pictureOf is an image in the form that our encoders take.
func pictureOf(img *image.RGBA) *rfb.Image {
	m := rfb.NewImage(img.Rect)
	for i := range m.Pix {
		p := img.Pix[4*i : 4*i+3 : 4*i+3]
		m.Pix[i] = uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
	}
	return m
}

func (r *report) machine(b *strings.Builder) {
	t := newTable("at its best, alone on a processor", ":ms/Mpixel", ":bytes/pixel")
	for _, l := range r.limits {
		size := "–"
		if l.bytes > 0 {
			size = number(l.bytes, 3)
		}
		t.row(l.what, number(l.cost, 2), size)
	}
	t.write(b, "The machine's limits")
}
