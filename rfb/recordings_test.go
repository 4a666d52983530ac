package rfb

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recordings are the files of a folder of ../testdata, by name.
func recordings(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", folder, "*.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings of %s: %v", folder, err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".bin")] = b
	}
	return all
}

// Every byte that real viewers say is understood.
func TestRecordedViewers(t *testing.T) {
	for name, said := range recordings(t, "viewers") {
		r := bufio.NewReader(bytes.NewReader(said))
		if _, err := (Admission{}).Admit(&script{Reader: r}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		messages := NewClientReader(r)
		var encodings SetEncodings
		requests := 0
		for {
			m, err := messages.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			switch m := m.(type) {
			case SetEncodings:
				encodings = m
			case FramebufferUpdateRequest:
				requests++
			}
		}
		if !slices.Contains(encodings, EncodingHextile) || requests == 0 {
			t.Errorf("%s: encodings %v and %d requests", name, encodings, requests)
		}
	}
}

// Whatever encoding a real server chose, its picture is the one that it sent as Raw.
func TestRecordedServers(t *testing.T) {
	raw := map[string]*Image{}
	pictures := map[string]*Image{}
	for name, said := range recordings(t, "servers") {
		c, err := NewClient(&script{Reader: bytes.NewReader(said)}, ClientOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for err == nil {
			_, err = c.Next()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		pictures[name] = c.Image()
		if server, ok := strings.CutSuffix(name, "-raw"); ok {
			raw[server] = c.Image()
		}
	}
	for name, m := range pictures {
		server := name[:strings.LastIndexByte(name, '-')]
		if want := raw[server]; m.Rect != want.Rect || !slices.Equal(m.Pix, want.Pix) {
			t.Errorf("%s does not show what %s-raw shows", name, server)
		}
		if slices.Max(m.Pix) == slices.Min(m.Pix) {
			t.Errorf("%s shows nothing", name)
		}
	}
}
