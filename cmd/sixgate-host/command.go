package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// command is one thing that the program does. Commands are read with the standard library: every other one finds methods by names
// that only show at run time, so that the linker keeps all methods of all libraries, and this program is twice as large.
type command struct {
	name  string // "" for what it does without one
	about string // "" where it is not for people
	flags func(*flag.FlagSet)
	run   func(context.Context, *slog.Logger) error
}

var errUsage = errors.New("see sixgate-host --help")

// parse finds the command that the arguments name, with its flags set. It returns flag.ErrHelp when help is asked for, and has
// shown it.
func parse(args []string, commands []command, out io.Writer) (command, error) {
	chosen := commands[0]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		chosen = command{}
		for _, c := range commands[1:] {
			if c.name == args[0] {
				chosen = c
			}
		}
		if chosen.run == nil {
			return command{}, fmt.Errorf("there is no command %q: %w", args[0], errUsage)
		}
		args = args[1:]
	}
	f := chosen.flagSet()
	err := f.Parse(args)
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("%q is not understood", f.Arg(0))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		help(out, chosen, commands)
		return command{}, err
	case err != nil:
		return command{}, fmt.Errorf("%w: %w", err, errUsage)
	}
	return chosen, nil
}

func (c command) flagSet() *flag.FlagSet {
	f := flag.NewFlagSet("sixgate-host", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	c.flags(f)
	return f
}

// help shows what the program does or, for one of its commands, what that does.
func help(out io.Writer, c command, commands []command) {
	line := "Usage: sixgate-host"
	if c.name != "" {
		line += " " + c.name
	}
	fmt.Fprintf(out, "%s [flags]\n\n%s\n\nFlags:\n", line, c.about)
	show := func(name, value, about string) {
		if value != "" {
			name += " " + value
		}
		fmt.Fprintf(out, "  --%-18s %s\n", name, about)
	}
	show("help", "", "Show this.")
	c.flagSet().VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		show(f.Name, value, about)
	})
	if c.name != "" {
		return
	}
	show("version", "", "Print the version.")
	fmt.Fprint(out, "\nCommands:\n")
	for _, other := range commands[1:] {
		if other.about != "" {
			fmt.Fprintf(out, "  %-20s %s\n", other.name, other.about)
		}
	}
	fmt.Fprint(out, "\nsixgate-host COMMAND --help says more.\n")
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// exit ends the program with an error in words.
func exit(err error) {
	fmt.Fprintln(os.Stderr, "sixgate-host:", err)
	os.Exit(1)
}
