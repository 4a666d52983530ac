//go:build linux

// Sixgate-demo runs gateway, bridge and host on this machine, as three processes with their real command lines, and plays the
// supporter, who reads out the code and the check digits. You are the end user, on the page that opens in your browser; with --tty,
// or where there is neither display nor browser, the demo is that as well. What it leaves open is the viewer's port, for you.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

var version = "unknown"

type flags struct {
	TTY        bool             `help:"Play the end user too, on a terminal instead of the page." name:"tty"`
	Shot       string           `help:"Attach gtk-vnc's gvnccapture, save what the supporter sees to this file and exit." placeholder:"FILE"`
	Picture    string           `help:"Where the supporter's first picture is saved." default:"demo.png" placeholder:"FILE"`
	ViewerPort int              `help:"The port for VNC viewers on 127.0.0.1; 0 takes a free one." default:"5901"`
	Version    kong.VersionFlag `help:"Print the version."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Description("All of Sixgate and a desktop on this machine."), kong.Vars{"version": version})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, f); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "sixgate-demo:", err)
		os.Exit(1)
	}
}

// run shows the desktop until ctx ends, or until the shot is taken.
func run(ctx context.Context, f flags) error {
	scratch, err := os.MkdirTemp("", "sixgate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	display, yours, closeDesktop, err := openDesktop(ctx, scratch)
	if err != nil {
		return err
	}
	defer closeDesktop()
	if f.Shot == "" && !f.TTY && !yours && os.Getenv("BROWSER") == "" {
		fmt.Print(noBrowser)
		f.TTY = true
	}

	s, err := startSession(ctx, scratch, display, f)
	if err != nil {
		return err
	}
	defer s.close()

	if f.Shot != "" {
		if err := shoot(ctx, s.viewer, f.Shot); err != nil {
			return err
		}
		fmt.Println("Saved what the supporter sees, by gvnccapture:", f.Shot)
		return nil
	}
	if err := savePicture(ctx, s.viewer, f.Picture); err != nil {
		return err
	}
	fmt.Printf(`
Attach a VNC viewer:   vncviewer %s
Its password:          %s
What it will show:     %s

Ctrl-C ends everything.
`, s.viewer.vncviewer(), s.viewer.Password, f.Picture)
	return s.wait(ctx)
}

const noBrowser = `Nor is there a browser that could show you the end user's page: this demo plays the end user too, as with --tty.
To play them yourself, start it on a desktop, or name a browser in BROWSER.
`
