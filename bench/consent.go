//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"time"
)

// wait is how long something takes that the end user does, in several sessions.
type wait struct {
	what string
	took []time.Duration
	aim  time.Duration
}

// The question stands for twelve seconds before it can be answered: in the meantime others are asked.
const (
	consentRounds = 5
	consentsAtOne = 6
)

// measureConsent takes the times from the sixth digit to the question on the end user's page, and from Allow to the first picture at
// a viewer, as a browser on the page's endpoints has them.
func measureConsent(ctx context.Context, st *stage, r *report) error {
	question := wait{what: "sixth digit → who asks, on the page", aim: 300 * time.Millisecond}
	picture := wait{what: "Allow → first picture at the viewer", aim: 500 * time.Millisecond}
	defer func() { r.waits = append(r.waits, question, picture) }()
	var offices []*office
	for range consentsAtOne {
		o, err := openOffice(ctx, st.scratch, r.programs)
		if err != nil {
			return err
		}
		defer o.close()
		offices = append(offices, o)
	}
	for range consentRounds {
		var asked []*consent
		for _, o := range offices {
			c, err := o.ask(ctx, st)
			if err != nil {
				return err
			}
			defer c.leave()
			asked = append(asked, c)
			question.took = append(question.took, c.question)
		}
		for _, c := range asked {
			took, err := c.allow(ctx, st)
			if err != nil {
				return err
			}
			picture.took = append(picture.took, took)
		}
	}
	return nil
}

// consent is a session up to the end user's question.
type consent struct {
	host     *program
	page     *visitor
	viewer   *viewer
	question time.Duration // from the sixth digit
	unlock   time.Time     // when it can be answered
}

// ask starts a host with a page, and types the code and the check digits there.
func (o *office) ask(ctx context.Context, st *stage) (c *consent, err error) {
	c = new(consent)
	code, v, _, err := o.expect()
	if err != nil {
		return nil, err
	}
	c.viewer = v
	defer func() {
		if err != nil {
			c.leave()
		}
	}()
	if c.host, err = speak(ctx, o.host, "--gateway", o.address, "--display", st.display.Display); err != nil {
		return c, err
	}
	said, err := c.host.ReadString('\n')
	if err != nil {
		return c, fmt.Errorf("sixgate-host named no page: %w", err)
	}
	if c.page, err = visit(regexp.MustCompile(`http://\S+`).FindString(said)); err != nil {
		return c, err
	}
	if _, err = c.page.until(func(p pageView) bool { return p.State == "code" }); err != nil {
		return c, err
	}
	start := time.Now()
	if err = c.page.say("/code", code); err != nil {
		return c, err
	}
	view, err := c.page.until(func(p pageView) bool { return p.State == "verify" })
	if err != nil {
		return c, err
	}
	c.question = time.Since(start)
	c.unlock = time.Now().Add(time.Duration(view.Pause+1) * time.Millisecond) // the rest of one was cut off
	check, err := o.bridge.event("check")
	if err != nil {
		return c, err
	}
	if err = c.page.say("/digits", check.Digits); err != nil {
		return c, err
	}
	_, err = c.page.until(func(p pageView) bool { return p.Fit })
	return c, err
}

// allow answers as soon as that can be, and ends the session when a viewer has a picture.
func (c *consent) allow(ctx context.Context, st *stage) (took time.Duration, err error) {
	if err := pause(ctx, time.Until(c.unlock)); err != nil {
		return 0, err
	}
	c.viewer.conn.SetDeadline(time.Now().Add(sessionFor))
	start := time.Now()
	if err := c.page.say("/allow", map[string]any{"mode": "active", "permissions": []string{"view", "control"}}); err != nil {
		return 0, err
	}
	if err := c.viewer.until(st.size); err != nil {
		return 0, fmt.Errorf("the host's first picture: %w", err)
	}
	took = time.Since(start)
	return took, errors.Join(c.page.say("/stop", true), c.leave())
}

// leave ends all of it, once.
func (c *consent) leave() error {
	if c.page != nil {
		c.page.events.Close()
		c.page = nil
	}
	if c.host != nil {
		c.host.leave()
		c.host = nil
	}
	if c.viewer != nil {
		c.viewer.close()
		c.viewer = nil
	}
	return nil
}

// visitor is a browser with the end user's page.
type visitor struct {
	client http.Client
	base   string
	events io.ReadCloser
	lines  *bufio.Reader
}

// pageView is what the page shows, as far as it is needed here.
type pageView struct {
	State string
	Fit   bool
	Pause int64 // milliseconds
}

func visit(address string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	base, _, _ := strings.Cut(address, "/open")
	v := &visitor{client: http.Client{Jar: jar}, base: base}
	opened, err := v.client.Get(address)
	if err != nil {
		return nil, err
	}
	opened.Body.Close()
	events, err := v.client.Get(base + "/events")
	if err != nil {
		return nil, err
	}
	if events.StatusCode != http.StatusOK {
		events.Body.Close()
		return nil, errors.New("the page does not open: " + events.Status)
	}
	v.events, v.lines = events.Body, bufio.NewReader(events.Body)
	return v, nil
}

// until reads views up to one that fits.
func (v *visitor) until(fits func(pageView) bool) (p pageView, err error) {
	for {
		line, err := v.lines.ReadString('\n')
		if err != nil {
			return p, fmt.Errorf("the page's events: %w", err)
		}
		p = pageView{}
		if data, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(data), &p) == nil && fits(p) {
			return p, nil
		}
	}
}

// say gives an answer as the page's script does.
func (v *visitor) say(path string, answer any) error {
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	response, err := v.client.Post(v.base+path, "application/json", strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the page's %s: %s", path, response.Status)
	}
	return nil
}
