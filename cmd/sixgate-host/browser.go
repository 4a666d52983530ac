package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"

	"sixgate/host"
)

// openers are the commands that show an address in the user's browser, by system; the first that is there is taken, after $BROWSER.
var openers = map[string][][]string{
	"linux":   {{"xdg-open"}, {"sensible-browser"}, {"x-www-browser"}},
	"windows": {{"rundll32", "url.dll,FileProtocolHandler"}},
	"darwin":  {{"open"}},
}

// showPage opens the page in the user's browser, and returns before it is there: some openers stay as long as the browser does.
func showPage(page *host.Page) {
	if err := open(page.Address()); err != nil {
		fmt.Fprintln(os.Stderr, "sixgate-host: no browser opens the page by itself:", err)
	}
}

func open(address string) error {
	commands := openers[runtime.GOOS]
	if named := os.Getenv("BROWSER"); named != "" { // xdg-open would ask the desktop first
		commands = append([][]string{{named}}, commands...)
	}
	for _, opener := range commands {
		program, err := exec.LookPath(opener[0])
		if err != nil {
			continue
		}
		cmd := exec.Command(program, append(slices.Clone(opener[1:]), address)...)
		cmd.SysProcAttr = apart()
		if err := cmd.Start(); err != nil {
			return err
		}
		go func() { // for as long as the browser lives, which is not for us to end
			if err := cmd.Wait(); err != nil {
				fmt.Fprintf(os.Stderr, "sixgate-host: %s: %v\n", opener[0], err)
			}
		}()
		return nil
	}
	return errors.New("this system has no command for that")
}
