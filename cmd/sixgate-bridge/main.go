// Sixgate-bridge gets a code for the supporter and shows the desktop of the host that types it to any VNC viewer on this
// machine.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
	"sixgate/session"
	viewerbridge "sixgate/viewer-bridge"
)

var version = "unknown"

type flags struct {
	Serve  serveCmd  `cmd:"" help:"Get a code and serve one session after the other."`
	Doctor doctorCmd `cmd:"" help:"Say what works of the way to the gateway, and what to do about what does not."`

	Version kong.VersionFlag `help:"Print the version."`
}

type serveCmd struct {
	way

	Purpose    string     `help:"What the end user is asked for, in a few words." placeholder:"WORDS"`
	Mode       string     `help:"What the session is for: to work on the desktop (active), to point while the user works (guidance), or to watch (monitor)." enum:"active,guidance,monitor" default:"active"`
	ViewerPort viewerPort `help:"The port for VNC viewers on 127.0.0.1 and ::1; 0 takes a free one." default:"5901" placeholder:"PORT"`
	NoPassword bool       `help:"Let every program on this machine attach. For machines with one user."`
	Quality    int        `help:"Quality of the host's pictures: 0 to 9, -1 for lossless." default:"8"`
	Events     bool       `help:"Print events for other programs, one JSON object a line; the line 'end' on standard input ends the session."`
}

// viewerPort is a port and never an address: viewers attach on this machine only.
type viewerPort int

func (p *viewerPort) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil {
		return fmt.Errorf("%q is not a port from 0 to 65535: viewers attach on this machine only, so give no address; "+
			"to reach the port from elsewhere use ssh -L", text)
	}
	*p = viewerPort(n)
	return nil
}

// way is who the gateway takes us for, and what is on the way to it.
type way struct {
	Profile string `help:"The profile that your gateway's operator made for you." required:"" placeholder:"FILE"`
	Proxy   string `help:"A proxy to try as well, http://[NAME:PASSWORD@]HOST:PORT; otherwise $$HTTPS_PROXY or $$ALL_PROXY, less $$NO_PROXY." placeholder:"URL"`
}

func (w way) load() (profile p2p.Profile, proxies proxy.Settings, err error) {
	if profile, err = p2p.LoadProfile(w.Profile); err == nil {
		proxies, err = proxy.Choose(w.Proxy)
	}
	return profile, proxies, err
}

func (c serveCmd) Validate() error {
	if c.Quality < -1 || c.Quality > 9 {
		return fmt.Errorf("--quality %d: it goes from 0 to 9, or is -1 for lossless", c.Quality)
	}
	return nil
}

func (c serveCmd) Run(ctx context.Context, log *slog.Logger) error {
	profile, proxies, err := c.load()
	if err != nil {
		return err
	}
	proxies.Ask = askProxy()
	report := words(os.Stdout)
	if c.Events {
		report = lines(os.Stdout)
	}
	mode, _ := session.ParseMode(c.Mode) // kong has seen that it is one
	b := viewerbridge.Bridge{Profile: profile, Proxies: proxies, Purpose: c.Purpose, Mode: mode, ViewerPort: int(c.ViewerPort), NoPassword: c.NoPassword,
		Quality: c.Quality, Report: report, Log: log}
	if c.Events && proxies.Ask == nil { // nobody types there
		go obey(os.Stdin, b.End) // for the life of the program: a read cannot be interrupted
	}
	return b.Run(ctx)
}

// obey does what a program says that drives this one: the line "end" ends the session.
func obey(from io.Reader, end func()) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		if strings.TrimSpace(lines.Text()) == "end" {
			end()
		}
	}
}

type doctorCmd struct{ way }

func (c doctorCmd) Run(ctx context.Context) error {
	profile, proxies, err := c.load()
	if err != nil {
		return err
	}
	return p2p.Examination{Profile: &profile, Proxies: proxies}.Report(ctx, os.Stdout)
}

// lines reports to a program.
func lines(w io.Writer) func(viewerbridge.Event) {
	return func(e viewerbridge.Event) {
		if line, err := json.Marshal(e); err == nil {
			w.Write(append(line, '\n')) // in one piece: reports come from several goroutines
		}
	}
}

// words reports to a person.
func words(w io.Writer) func(viewerbridge.Event) {
	return func(e viewerbridge.Event) {
		switch e.Event {
		case "code":
			if e.Reason != "" {
				fmt.Fprintf(w, "A new code: %s\n", e.Reason)
			}
			fmt.Fprintf(w, "Code: %s %s, valid until %s\n", e.Code[:3], e.Code[3:], e.Expires.Local().Format("15:04:05"))
		case "viewer":
			password := "none"
			if e.Password != "" {
				password = e.Password
			}
			fmt.Fprintf(w, "Viewer: vncviewer %s, password %s\n", strings.Replace(e.Address, ":", "::", 1), password)
		case "check":
			fmt.Fprintf(w, "%s has typed the code. Read out: %s\n", e.Host, strings.Join(strings.Split(e.Digits, ""), " "))
		case "state":
			state := e.State
			if !e.Since.IsZero() {
				state += "; nothing has come since " + e.Since.Local().Format(time.TimeOnly)
			}
			if e.Mode != "" {
				state += "; " + e.Mode + ": " + cmp.Or(strings.Join(e.Allowed, ", "), "nothing allowed")
			}
			fmt.Fprintf(w, "State: %s\n", state)
		case "alert":
			fmt.Fprintf(w, "Alert: %s\n", alertWords(e))
		case "path":
			path := e.Path
			if e.RTT > 0 {
				path += fmt.Sprintf(", %.0f ms away", e.RTT)
			}
			fmt.Fprintf(w, "The desktop is there, by %s\n", path)
		case "direct":
			fmt.Fprintf(w, "No direct connection: %s\n", e.Reason)
		case "gateway":
			sayGateway(w, e)
		case "wait":
			fmt.Fprintf(w, "Next code in %.0f s: the last sessions ended at once, or before the user allowed them\n", time.Until(e.Until).Seconds())
		case "end":
			fmt.Fprintf(w, "Session over: %s\n", e.Reason)
		}
	}
}

// sayGateway says how the gateway was reached, or why it was not.
func sayGateway(w io.Writer, e viewerbridge.Event) {
	fmt.Fprintf(w, "Gateway: %s", e.State)
	if e.Transport != "" {
		fmt.Fprintf(w, " by %s, %s", e.Transport, e.Address)
	}
	if e.Proxy != "" {
		fmt.Fprintf(w, " through the proxy %s", e.Proxy)
	}
	fmt.Fprintln(w)
	for _, f := range e.Failed {
		fmt.Fprintf(w, "  not by %s: %s. To do: %s\n", f.Transport, f.Reason, f.Remedy)
	}
}

// alertWords say what an alert means.
func alertWords(e viewerbridge.Event) string {
	switch e.Kind {
	case p2p.AlertBlocked.String():
		return fmt.Sprintf("%q on their screen keeps input to itself; ask them to answer it", cmp.Or(e.Title, "another program"))
	case p2p.AlertPaused.String():
		return "they use their own mouse or keyboard; yours wait until theirs have rested for two seconds"
	}
	return "their screen takes your input again"
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var f flags
	k := kong.Parse(&f,
		kong.Description("Help somebody at their desktop with the VNC viewer that you have."),
		kong.Vars{"version": version},
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "sixgate-bridge:", err)
		os.Exit(1)
	}
}
