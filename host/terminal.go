package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
	"sixgate/session"
)

// terminal asks the end user on a terminal. Each prompt stands at the end of the output, so that programs can answer too.
type terminal struct {
	keys  *os.File // where the lines come from, if it is a file; nil
	out   io.Writer
	lines <-chan string // closed at the end of the input

	mu      sync.Mutex
	waiting chan<- string // a question's answer, while Live reads the lines; nil: there is none

	stands session.State // as Stand has told
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
	keys, _ := in.(*os.File)
	return &terminal{keys: keys, out: out, lines: lines}
}

var errNoAnswer = errors.New("nobody answers on this terminal: its input has ended")

func (t *terminal) ask(ctx context.Context, prompt string) (string, error) {
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

func (t *terminal) say(problem error) {
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

// Proxy asks for the name and the password that a proxy wants, which does not show.
func (t *terminal) Proxy(ctx context.Context, problem error) (*url.Userinfo, error) {
	t.say(problem)
	name, err := t.ask(ctx, "Proxy name: ")
	if err != nil {
		return nil, err
	}
	if t.keys != nil {
		show := proxy.Quiet(t.keys)
		defer fmt.Fprintln(t.out)
		defer show()
	}
	password, err := t.ask(ctx, "Proxy password: ")
	return url.UserPassword(name, password), err
}

func (t *terminal) Code(ctx context.Context, problem error) (string, error) {
	if problem == nil {
		fmt.Fprintln(t.out, "Nobody can see your screen yet. Type the six digits that your supporter tells you.")
	}
	t.say(problem)
	return t.ask(ctx, "Code: ")
}

func (t *terminal) CheckDigits(ctx context.Context, supporter p2p.Hello, problem error) (string, error) {
	if problem == nil {
		fmt.Fprintf(t.out, "%s wants to help you. Type the four digits that %s reads out to you.\n", who(supporter), supporter.Name)
	}
	t.say(problem)
	return t.ask(ctx, "Check digits: ")
}

func (t *terminal) Allow(ctx context.Context, r Request) (Grant, error) {
	plain := r.Permissions &^ deliberate
	fmt.Fprintf(t.out, "%s wants to %s, and asks for: %s.\n", who(r.Supporter), does[r.Mode], r.offers(r.Mode)&plain)
	if r.Supporter.Purpose != "" {
		fmt.Fprintf(t.out, "Purpose: %s.\n", r.Supporter.Purpose)
	}
	choices := append([]string{"y to allow all of this"}, lower(r.Modes[1:])...)
	fmt.Fprintf(t.out, "Type %s. Anything else is no.\n", strings.Join(choices, ", "))
	fmt.Fprintln(t.out, "Windows that open later stay hidden until you have answered for each; y+ shows them without asking.")
	answer, err := t.ask(ctx, "Allow? [y/N] ")
	if err != nil {
		return Grant{}, err
	}
	answer, showNew := strings.CutSuffix(strings.ToLower(answer), "+")
	for _, m := range r.Modes {
		letter, has := letters[m]
		if has && answer == letter || m == r.Mode && (answer == "y" || answer == "yes") {
			return Grant{Mode: m, Permissions: r.offers(m) & plain, ShowNew: showNew}, nil
		}
	}
	return Grant{}, nil
}

// does is what a supporter does in a mode; letters choose a lower one.
var (
	does = map[session.Mode]string{
		session.ModeActive: "work on your computer with you", session.ModeGuidance: "point at things while you do the work",
		session.ModeMonitor: "watch",
	}
	letters = map[session.Mode]string{session.ModeGuidance: "p", session.ModeMonitor: "v"}
)

// lower says how to choose each of some modes.
func lower(modes []session.Mode) (list []string) {
	for _, m := range modes {
		list = append(list, fmt.Sprintf("%s to let them only %s", letters[m], does[m]))
	}
	return list
}

func (t *terminal) Power(ctx context.Context, c *Consent, restart bool) (bool, error) {
	what := "shut this computer down"
	if restart {
		what = "restart this computer"
	}
	fmt.Fprintf(t.out, "%s wants to %s. What is not saved is lost. Type y to let them; anything else is no.\n", who(c.Supporter), what)
	answer, err := t.askLive(ctx, "Let them? [y/N] ")
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), err
}

func (t *terminal) Show(state session.State) {
	fmt.Fprintf(t.out, "%s.\n", upperFirst(state.String()))
}

// Fail leaves it to the program, which says in the end why it ends.
func (t *terminal) Fail(error) {}

func (t *terminal) End(reason session.Reason, _ *Receipt) { t.Show(reason.State()) }

// who is a supporter's name as the end user reads it.
func who(h p2p.Hello) string {
	if h.Organisation == "" {
		return h.Name
	}
	return h.Name + " of " + h.Organisation
}
