package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"sixgate/p2p"
	"sixgate/session"
)

// terminal asks the end user on a terminal. Each prompt stands at the end of the output, so that programs can answer too.
type terminal struct {
	out   io.Writer
	lines <-chan string // closed at the end of the input
}

// Terminal asks on out and reads the answers, a line each, from in.
func Terminal(in io.Reader, out io.Writer) Questions {
	lines := make(chan string)
	go func() { // for the life of the program: a read of a terminal cannot be interrupted
		defer close(lines)
		for r := bufio.NewScanner(in); r.Scan(); {
			lines <- r.Text()
		}
	}()
	return terminal{out, lines}
}

var errNoAnswer = errors.New("nobody answers on this terminal: its input has ended")

func (t terminal) ask(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(t.out, prompt)
	select {
	case line, ok := <-t.lines:
		if !ok {
			fmt.Fprintln(t.out)
			return "", errNoAnswer
		}
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		fmt.Fprintln(t.out)
		return "", ctx.Err()
	}
}

func (t terminal) say(problem error) {
	if problem != nil {
		fmt.Fprintf(t.out, "%s.\n", upperFirst(problem.Error()))
	}
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (t terminal) Code(ctx context.Context, problem error) (string, error) {
	if problem == nil {
		fmt.Fprintln(t.out, "Nobody can see your screen yet. Type the six digits that your supporter tells you.")
	}
	t.say(problem)
	return t.ask(ctx, "Code: ")
}

func (t terminal) CheckDigits(ctx context.Context, supporter p2p.Hello, problem error) (string, error) {
	if problem == nil {
		fmt.Fprintf(t.out, "%s wants to help you. Type the four digits that %s reads out to you.\n", who(supporter), supporter.Name)
	}
	t.say(problem)
	return t.ask(ctx, "Check digits: ")
}

func (t terminal) Allow(ctx context.Context, supporter p2p.Hello, wanted session.Permissions) (session.Permissions, error) {
	fmt.Fprintf(t.out, "%s asks for: %s.\n", who(supporter), wanted)
	if supporter.Purpose != "" {
		fmt.Fprintf(t.out, "Purpose: %s.\n", supporter.Purpose)
	}
	fmt.Fprintln(t.out, "Type y to allow all of this, v to let them only look. Anything else is no.")
	answer, err := t.ask(ctx, "Allow? [y/N] ")
	switch {
	case err != nil:
		return 0, err
	case strings.EqualFold(answer, "y"), strings.EqualFold(answer, "yes"):
		return wanted, nil
	case strings.EqualFold(answer, "v"):
		return wanted & session.View, nil
	}
	return 0, nil
}

func (t terminal) Live(ctx context.Context, c *Consent) error {
	t.Show(c.State)
	fmt.Fprintln(t.out, "Your supporter sees your screen now. Ctrl-C ends it at once.")
	<-ctx.Done()
	return ctx.Err()
}

func (t terminal) Power(ctx context.Context, c *Consent, restart bool) (bool, error) {
	what := "shut this computer down"
	if restart {
		what = "restart this computer"
	}
	fmt.Fprintf(t.out, "%s wants to %s. What is not saved is lost. Type y to let them; anything else is no.\n", who(c.Supporter), what)
	answer, err := t.ask(ctx, "Let them? [y/N] ")
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), err
}

func (t terminal) Show(state session.State) {
	fmt.Fprintf(t.out, "%s.\n", upperFirst(state.String()))
}

func (t terminal) End(reason session.Reason, _ *Receipt) { t.Show(reason.State()) }

// who is a supporter's name as the end user reads it.
func who(h p2p.Hello) string {
	if h.Organisation == "" {
		return h.Name
	}
	return h.Name + " of " + h.Organisation
}
