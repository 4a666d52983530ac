package sixgate

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says which of our packages each may import: ARCHITECTURE.md's picture, kept true. Imports only point down.
var arrows = map[string][]string{
	"rfb":                 nil,
	"session":             nil,
	"desktop":             nil,
	"desktop/x11":         {"desktop"},
	"desktop/portable":    nil,
	"desktop/xvfb":        nil,
	"rfbserver":           {"rfb"},
	"p2p":                 {"p2p/message", "p2p/proxy", "p2p/resume", "session"},
	"p2p/proxy":           nil,
	"p2p/resume":          nil,
	"p2p/message":         nil,
	"host":                {"rfbserver", "desktop", "desktop/x11", "desktop/portable", "p2p", "p2p/proxy", "session", "web"},
	"web":                 nil,
	"viewer-bridge":       {"rfb", "rfbserver", "p2p", "p2p/proxy", "session"},
	"gateway":             {"p2p", "p2p/message", "session"},
	"cmd/sixgate-host":    {"host", "p2p", "p2p/proxy"},
	"cmd/sixgate-bridge":  {"viewer-bridge", "p2p", "p2p/proxy", "session"},
	"cmd/sixgate-gateway": {"gateway", "p2p"},
	"cmd/sixgate-demo":    {"rfb", "desktop/xvfb"},                                                             // it runs the other programs and knows them by their command lines
	"bench":               {"rfb", "desktop", "desktop/x11", "desktop/xvfb", "bench/scene", "conformance/bed"}, // rfb and x11 also by themselves, beside the machine's limits
	"bench/scene":         nil,
	"conformance":         nil,
	"conformance/bed":     nil,
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		from := strings.TrimPrefix(strings.TrimPrefix(names[0], "sixgate"), "/")
		if from == "" {
			continue // this test
		}
		allowed, known := arrows[from]
		if !known {
			t.Errorf("%s is a new package: say in arrows what it may import", from)
		}
		for _, name := range names[1:] {
			to, ours := strings.CutPrefix(name, "sixgate/")
			if ours && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s", from, to)
			}
		}
	}
}

// foreign says where the big foreign libraries live: one library, one room.
var foreign = map[string][]string{
	"github.com/nats-io/":      {"gateway"},
	"github.com/jezek/xgb":     {"desktop/x11", "bench/scene"}, // which draws what is measured
	"github.com/go-vgo/":       {"desktop/portable"},
	"github.com/kbinani/":      {"desktop/portable"},
	"github.com/libp2p/":       {"p2p", "gateway"},
	"github.com/klauspost/":    {"rfb", "bench"}, // which measures it alone
	"github.com/alecthomas/":   {"cmd/"},         // not in sixgate-host: see heavy
	"github.com/mitchellh/":    {},
	"google.golang.org/proto":  {"p2p"},
	"github.com/multiformats/": {"p2p", "gateway"},
	"github.com/quic-go/":      {"p2p"},
	"github.com/gorilla/":      {"p2p"},
	"github.com/prometheus/":   {"gateway"},
}

func TestForeignLibrariesStayInTheirRoom(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		from := strings.TrimPrefix(names[0], "sixgate/")
		for _, name := range names[1:] {
			for library, rooms := range foreign {
				if strings.HasPrefix(name, library) && !slices.ContainsFunc(rooms, func(room string) bool { return strings.HasPrefix(from, room) }) {
					t.Errorf("%s imports %s, which lives in %v", from, name, rooms)
				}
			}
		}
	}
}

// heavy are the libraries that find methods by names which only show at run time. One of them in the program that people download,
// and the linker keeps every method of every library: 3 MB more.
var heavy = []string{"github.com/alecthomas/kong", "github.com/godbus/dbus/v5", "text/template", "html/template"}

func TestHostStaysSmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./cmd/sixgate-host").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(out)) {
		if slices.Contains(heavy, strings.TrimSpace(name)) {
			t.Errorf("sixgate-host contains %s", name)
		}
	}
}
