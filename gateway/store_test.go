package gateway

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A write that is sent again because nobody answered counts once, and stands in nobody's way.
func TestWrittenTwice(t *testing.T) {
	codes, _ := openTestCodes(t)
	writeTwice(t, codes.store)
}

func writeTwice(t *testing.T, s *store) {
	t.Helper()
	write := s.writer("code.482914", []byte("{}"), time.Minute, jetstream.WithExpectLastSequencePerSubject(0))
	first, err := write(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := write(t.Context()); again != first || err != nil {
		t.Errorf("written as %d, and again as %d, %v", first, again, err)
	}
	if _, err := s.replace(t.Context(), "code.482914", []byte("[]"), 0, time.Minute); err != errRevision {
		t.Errorf("another write of the same key: %v", err)
	}
}
