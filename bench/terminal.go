//go:build linux

package main

import (
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"sixgate/rfb"
)

// The terminal: its lines, and the font's cells.
const (
	lines, columns = 60, 150
	cellX, cellY   = 6, 13
)

// lineBits is how many cells at each end of a line say which line it is, inverted or not: no other colour comes in.
const (
	lineBits  = 10
	rightBits = 137 // the column where those on the right begin
)

// terminal is an xterm that prints what we write into a pipe.
func (s *stage) terminal() (*action, error) {
	name := filepath.Join(s.scratch, fmt.Sprintf("lines%d", rand.Uint32()))
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		return nil, err
	}
	pipe, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	before, err := s.screen.Windows() // our host's bar may be there
	if err != nil {
		return nil, err
	}
	geometry := fmt.Sprintf("%dx%d+200+100", columns, lines)
	if err := s.display.Spawn("xterm", "-fn", "fixed", "-geometry", geometry, "-e", "sh", "-c", "exec cat "+name); err != nil {
		return nil, err
	}
	a := new(action)
	a.end = func() error { // cat comes to the end of the pipe, and xterm leaves
		pipe.Close()
		return s.await(len(before))
	}
	words := rand.New(rand.NewPCG(1, 2))
	a.step = func(n int) error {
		line := fmt.Sprintf("%6d", n)
		for len(line) < 60+n%70 {
			line += " " + strings.Repeat(string(rune('a'+words.IntN(26))), 1+words.IntN(3)) + fmt.Sprint(words.IntN(1000))
		}
		line = line[:min(len(line), rightBits-lineBits-2)]
		_, err := fmt.Fprintf(pipe, "\n%s %s\x1b[%dG%s", codeOf(n), line, rightBits+1, codeOf(n))
		return err
	}
	for n := 1 - lines; n <= 0; n++ {
		if err := a.step(n); err != nil {
			return a, err
		}
	}
	if err := s.await(len(before) + 1); err != nil {
		return a, err
	}
	places, err := s.screen.Windows()
	if err != nil {
		return a, err
	}
	a.at = places[slices.IndexFunc(places, func(r image.Rectangle) bool { return !slices.Contains(before, r) })]
	const border = 2 // within the window
	corner := a.at.Min.Add(image.Pt(border, border))
	a.shown = func(picture *rfb.Image, n int) bool {
		for row := lines - 1; row >= 0; row-- {
			at := corner.Add(image.Pt(cellX/2, row*cellY+cellY/2))
			if line := n - (lines - 1 - row); !shownCode(picture, at, line) || !shownCode(picture, at.Add(image.Pt(rightBits*cellX, 0)), line) {
				return false
			}
		}
		return true
	}
	return a, nil
}

// codeOf is a line's number as a terminal's inverted and plain blanks.
func codeOf(line int) string {
	var b strings.Builder
	for bit := range lineBits {
		if line>>bit&1 == 1 {
			b.WriteString("\x1b[7m \x1b[m")
		} else {
			b.WriteString(" ")
		}
	}
	return b.String()
}

// shownCode says whether cells, the first of which has its middle at at, are those of codeOf.
func shownCode(picture *rfb.Image, at image.Point, line int) bool {
	for bit := range lineBits {
		colour := uint32(0xffffff)
		if line>>bit&1 == 1 {
			colour = 0
		}
		if !near(picture, at.Add(image.Pt(bit*cellX, 0)), colour) {
			return false
		}
	}
	return true
}

// await waits until so many windows are on the screen.
func (s *stage) await(windows int) error {
	for range 200 {
		if places, err := s.screen.Windows(); err != nil || len(places) == windows {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("there are not %d windows on the screen", windows)
}
