package gateway

import (
	"io"
	"testing"

	"sixgate/session"
)

// BenchmarkFirstByte is from the code to the first byte of a channel: redeem, circuit, handshake, consent, channel.
func BenchmarkFirstByte(b *testing.B) {
	g := start(b, Options{})
	bridge := addBridge(b, g, "Ada")
	host := dialHost(b, g.Addresses()...)
	for b.Loop() {
		b.StopTimer()
		code := newCode(b, bridge)
		b.StartTimer()
		atHost, err := host.Join(b.Context(), code)
		if err != nil {
			b.Fatal(err)
		}
		atBridge, err := bridge.Accept(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		consent(b, atHost, atBridge)
		at, from := screen(b, atHost, atBridge)
		at.Write([]byte{1})
		if _, err := io.ReadFull(from, make([]byte, 1)); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		atHost.End(session.ByUser)
		<-atBridge.Done()
		b.StartTimer()
	}
}

// BenchmarkRelay is what one channel carries from the host to the bridge, all three in this process.
func BenchmarkRelay(b *testing.B) {
	g := start(b, Options{})
	bridge := addBridge(b, g, "Ada")
	host := dialHost(b, g.Addresses()...)
	atHost, atBridge := call(b, host, bridge)
	consent(b, atHost, atBridge)
	at, from := screen(b, atHost, atBridge)
	for name, size := range map[string]int{"4KiB": 4 << 10, "16KiB": 16 << 10, "64KiB": 64 << 10, "256KiB": 256 << 10} {
		b.Run(name, func(b *testing.B) {
			out, in := make([]byte, size), make([]byte, size)
			b.SetBytes(int64(size))
			read := make(chan error, 1)
			stop := make(chan int, 1)
			go func() {
				total, want := 0, -1
				for total != want {
					n, err := from.Read(in)
					if err != nil {
						read <- err
						return
					}
					total += n
					select {
					case want = <-stop:
					default:
					}
				}
				read <- nil
			}()
			sent := 0
			for b.Loop() {
				n, err := at.Write(out)
				if err != nil {
					b.Fatal(err)
				}
				sent += n
			}
			stop <- sent + 1
			at.Write([]byte{0}) // so that the reader looks once more
			if err := <-read; err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkIssue is what a new code costs, on the disk.
func BenchmarkIssue(b *testing.B) {
	codes, _ := openTestCodes(b)
	for b.Loop() {
		if _, _, err := codes.Issue(b.Context(), "ada"); err != nil {
			b.Fatal(err)
		}
	}
}
