package viewerbridge

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestHostThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		began := time.Now()
		if _, err := (leg{near}).Write([]byte("a key")); err == nil || time.Since(began) != takeFor {
			t.Errorf("given up after %v with %v", time.Since(began), err)
		}
		if _, err := near.Read(make([]byte, 1)); err == nil {
			t.Error("half of a message was sent, and the connection is still used")
		}
	})
}
