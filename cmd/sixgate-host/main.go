// Sixgate-host shows this desktop to the supporter whose code the end user types in, as far as the end user allows.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"sixgate/host"
)

var version = "unknown"

// flags of `sixgate-host`; what is common to both of its commands stands in display.
type flags struct {
	Help helpCmd `cmd:"" default:"withargs" hidden:""`
	VNC  vncCmd  `cmd:"" name:"vnc" help:"Show this desktop to VNC viewers on this machine, without a gateway."`
	systemFlags

	Version kong.VersionFlag `help:"Print the version."`
}

// display is which desktop is shared.
type display struct {
	Display string `help:"The X display to share." placeholder:":0" env:"DISPLAY"`
	Backend string `help:"How the desktop is captured." default:"${backend}" placeholder:"${backend}"`
}

func (d display) open(log *slog.Logger) (host.Desktop, error) {
	return host.OpenDesktop(d.Backend, d.Display, log)
}

// helpCmd is what the program is for, and needs no command: ask for help.
type helpCmd struct {
	display
	Gateway []string `help:"The gateway's address, /ip4/…/tcp/4443/p2p/…; may be given several times." placeholder:"ADDR"`
	Code    string   `help:"The six digits that your supporter told you." placeholder:"482913"`
	Dispose bool     `help:"Delete this program's file, and say in the end what was looked for on this computer."`
	TTY     bool     `help:"Ask on this terminal, not on a page in the browser." name:"tty"`
}

func (c helpCmd) Run(ctx context.Context, log *slog.Logger) error {
	if len(c.Gateway) == 0 {
		return errors.New("which gateway? Give its address with --gateway; your supporter knows it")
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
	desktop, err := c.open(log)
	if err != nil {
		return err
	}
	defer desktop.Close()
	guard, stop := c.guard(log)
	defer stop()
	t.guard = guard
	h := host.Host{
		Gateways: c.Gateway, Desktop: desktop, Power: host.Power, OpenPanel: c.panel(desktop), Language: cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LANG")), Log: log,
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
	Port       int  `help:"The port on 127.0.0.1; 0 takes a free one." default:"5900"`
	NoPassword bool `help:"Let every program on this machine attach. For machines with one user."`
}

func (c vncCmd) Run(ctx context.Context, log *slog.Logger) error {
	desktop, err := c.open(log)
	if err != nil {
		return err
	}
	defer desktop.Close()
	_, stop := c.guard(log)
	defer stop()
	return host.VNC{Desktop: desktop, Port: c.Port, NoPassword: c.NoPassword, Log: log}.Serve(ctx, os.Stdout)
}

// showHelp shows with the program's help the flags that most people need: those of the command that is not typed.
func showHelp(o kong.HelpOptions, k *kong.Context) error {
	if k.Selected() == nil {
		k.Model.Flags = append(k.Model.Flags, k.Model.DefaultCmd.Flags...)
	}
	return kong.DefaultHelpPrinter(o, k)
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
	var f flags
	k := kong.Parse(&f,
		kong.Description("Show this desktop to somebody who helps you. You decide what they may do, and end it at any time."),
		kong.Vars{"version": version, "backend": host.DefaultBackend},
		kong.Help(showHelp),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil && (ctx.Err() == nil || errors.Is(err, errLeft)) {
		fmt.Fprintln(os.Stderr, "sixgate-host:", err)
		os.Exit(1)
	}
}
