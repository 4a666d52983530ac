//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// table is one of Markdown's. A column whose name begins with a colon holds numbers.
type table struct {
	head  []string
	lines []string
}

func newTable(head ...string) *table { return &table{head: head} }

func (t *table) row(cells ...string) { t.lines = append(t.lines, line(cells)) }

func line(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// write adds the table to b under a title; nothing at all where it has no rows.
func (t *table) write(b *strings.Builder, title string) {
	if len(t.lines) == 0 {
		return
	}
	names, rule := slices.Clone(t.head), make([]string, len(t.head))
	for i, name := range names {
		rule[i] = "---"
		if plain, number := strings.CutPrefix(name, ":"); number {
			names[i], rule[i] = plain, "--:"
		}
	}
	if title != "" {
		fmt.Fprintf(b, "\n**%s**\n", title)
	}
	b.WriteString("\n" + line(names) + line(rule))
	for _, l := range t.lines {
		b.WriteString(l)
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func milliseconds(d []time.Duration, q float64) string {
	if len(d) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", ms(quantile(d, q)))
}

func megabytes(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(n)/1e6)
}

func number(x float64, digits int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, x)
}

const begin, end = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"

// insert puts text between the markers of a file, and makes the file where there is none.
func insert(name, text string) error {
	old, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		old, err = []byte("# Benchmarks\n\n"+begin+end), nil
	}
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(old, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("%s has no lines %q and %q to write between", name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(name, slices.Concat(head, []byte(begin+text+end), tail), 0o644)
}
