// Sixgate-host shows this desktop to the supporter whose code the end user types in, as far as the end user allows.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"sixgate/host"
	"sixgate/p2p"
	"sixgate/p2p/proxy"
)

var version = "unknown"

// display is which desktop is shared.
type display struct {
	Display string
	Backend string
}

func (d *display) flags(f *flag.FlagSet) {
	f.StringVar(&d.Display, "display", os.Getenv("DISPLAY"), "The X display to share, `:0`; otherwise the one in $DISPLAY.")
	f.StringVar(&d.Backend, "backend", host.DefaultBackend, "How the desktop is captured: `NAME`, "+host.DefaultBackend+" where none is given.")
}

func (d display) open(log *slog.Logger) (host.Desktop, error) {
	return host.OpenDesktop(d.Backend, d.Display, log)
}

// network is where the gateway is, and what is on the way.
type network struct {
	Gateway list
	Proxy   string
}

func (n *network) flags(f *flag.FlagSet) {
	f.Var(&n.Gateway, "gateway", "The gateway's address, `ADDR`: /ip4/…/tcp/4443/p2p/…; once for each of several that serve together.")
	f.StringVar(&n.Proxy, "proxy", "", "A proxy to try as well: `URL`, http://[NAME:PASSWORD@]HOST:PORT; otherwise $HTTPS_PROXY or $ALL_PROXY, less $NO_PROXY.")
}

var errNoGateway = errors.New("which gateway? Give its address with --gateway; your supporter knows it")

// helpCmd is what the program is for, and needs no command: ask for help.
type helpCmd struct {
	display
	network
	Code    string
	Dispose bool
	TTY     bool
}

func (c *helpCmd) flags(f *flag.FlagSet) {
	c.network.flags(f)
	f.StringVar(&c.Code, "code", "", "The six digits that your supporter told you: `482913`.")
	f.BoolVar(&c.Dispose, "dispose", false, "Delete this program's file, and say in the end what was looked for on this computer.")
	f.BoolVar(&c.TTY, "tty", false, "Ask on this terminal, not on a page in the browser.")
	c.display.flags(f)
}

func (c *helpCmd) run(ctx context.Context, log *slog.Logger) error {
	if len(c.Gateway) == 0 {
		return errNoGateway
	}
	if c.Dispose {
		return c.helpAndDispose(ctx, log)
	}
	return c.help(ctx, log, new(traces))
}

// traces are what a session has besides connections while it lasts.
type traces struct {
	guard int    // process
	page  string // host:port
}

// help takes one session to its end, and notes its traces.
func (c helpCmd) help(ctx context.Context, log *slog.Logger, t *traces) error {
	proxies, err := proxy.Choose(c.Proxy)
	if err != nil {
		return err
	}
	desktop, err := c.open(log)
	if err != nil {
		return err
	}
	defer desktop.Close()
	guard, stop := c.guard(log)
	defer stop()
	t.guard = guard
	h := host.Host{
		Gateways: c.Gateway, Proxies: proxies, Desktop: desktop, Power: host.Power, OpenPanel: c.panel(desktop), Language: cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LANG")), Log: log,
	}
	if c.TTY {
		h.Questions = host.Terminal(os.Stdin, os.Stdout)
		return h.Run(ctx, c.Code)
	}
	page, err := host.NewPage()
	if err != nil {
		return err
	}
	defer page.Close()
	t.page = page.HostPort()
	fmt.Println("If no page opens, open this address in the browser of this computer:", page.Address())
	h.Questions, h.ShowPage = page, func() { showPage(page) }
	showPage(page)
	return h.Run(ctx, c.Code)
}

type vncCmd struct {
	display
	Port       int
	NoPassword bool
}

func (c *vncCmd) flags(f *flag.FlagSet) {
	f.IntVar(&c.Port, "port", 5900, "The `PORT` on 127.0.0.1, 5900 where none is given; 0 takes a free one.")
	f.BoolVar(&c.NoPassword, "no-password", false, "Let every program on this machine attach. For machines with one user.")
	c.display.flags(f)
}

func (c *vncCmd) run(ctx context.Context, log *slog.Logger) error {
	desktop, err := c.open(log)
	if err != nil {
		return err
	}
	defer desktop.Close()
	_, stop := c.guard(log)
	defer stop()
	return host.VNC{Desktop: desktop, Port: c.Port, NoPassword: c.NoPassword, Log: log}.Serve(ctx, os.Stdout)
}

// doctorCmd says what works of the way to the gateway.
type doctorCmd struct{ network }

func (c *doctorCmd) run(ctx context.Context, _ *slog.Logger) error {
	if len(c.Gateway) == 0 {
		return errNoGateway
	}
	proxies, err := proxy.Choose(c.Proxy)
	if err != nil {
		return err
	}
	return p2p.Examination{Gateways: c.Gateway, Proxies: proxies}.Report(ctx, os.Stdout)
}

// errLeft is the end of a program that could not remove all of itself.
var errLeft = errors.New("not all of this program is gone: see above")

// lean is how much garbage there may be, in percent of what is in use: little is made, so collecting it often costs little, and
// the end user's machine has better use for the memory.
const lean = 25

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(lean)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var c helpCmd
	var vnc vncCmd
	var doctor doctorCmd
	commands := append([]command{
		{"", "Show this desktop to somebody who helps you. You decide what they may do, and end it at any time.", c.flags, c.run},
		{"vnc", "Show this desktop to VNC viewers on this machine, without a gateway.", vnc.flags, vnc.run},
		{"doctor", "Say what works of the way to the gateway, and what to do about what does not.", doctor.flags, doctor.run},
	}, systemCommands()...)
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(version)
		return
	}
	chosen, err := parse(os.Args[1:], commands, os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		exit(err)
	}
	if err := chosen.run(ctx, slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil && (ctx.Err() == nil || errors.Is(err, errLeft)) {
		exit(err)
	}
}
