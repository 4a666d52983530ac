package main

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"sixgate/p2p/proxy"
)

// askProxy asks on the terminal for the name and the password that a proxy wants; nil where there is no terminal.
func askProxy() func(context.Context, error) (*url.Userinfo, error) {
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	lines := bufio.NewReader(os.Stdin)
	return func(ctx context.Context, problem error) (*url.Userinfo, error) {
		fmt.Fprintln(os.Stderr, "sixgate-bridge:", problem)
		name, err := askLine(ctx, lines, "Proxy name: ")
		if err != nil {
			return nil, err
		}
		show := proxy.Quiet(os.Stdin)
		defer fmt.Fprintln(os.Stderr)
		defer show()
		password, err := askLine(ctx, lines, "Proxy password: ")
		return url.UserPassword(name, password), err
	}
}

// askLine asks for a line. When ctx ends the read goes on: the program ends as well.
func askLine(ctx context.Context, from *bufio.Reader, prompt string) (string, error) {
	fmt.Fprint(os.Stderr, prompt)
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := from.ReadString('\n')
		read <- line{strings.TrimRight(text, "\r\n"), err}
	}()
	select {
	case l := <-read:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
