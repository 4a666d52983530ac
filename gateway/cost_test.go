//go:build linux

package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/p2p"
)

// TestMain lets the test's own binary be a gateway, whose cost can be told from that of hosts and bridges.
func TestMain(m *testing.M) {
	data := os.Getenv("SIXGATE_GATEWAY_DATA")
	switch data {
	case "":
		os.Exit(m.Run())
	case libraryAlone:
		serveLibrary()
		return
	}
	o := Options{Data: data, Listen: "127.0.0.1:0"}
	if cluster := os.Getenv("SIXGATE_GATEWAY_CLUSTER"); cluster != "" {
		if err := json.Unmarshal([]byte(cluster), &o.Cluster); err != nil {
			panic(err)
		}
	}
	g, err := Open(context.Background(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(g.Addresses()[0])
	io.Copy(io.Discard, os.Stdin)
	g.Close()
}

// apart is a gateway in a process of its own.
type apart struct {
	pid           int
	data, address string
}

func startApart(b testing.TB, o Options) apart {
	g := apart{data: o.Data}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SIXGATE_GATEWAY_DATA="+g.data)
	if o.Cluster != nil {
		cluster, err := json.Marshal(o.Cluster)
		if err != nil {
			b.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "SIXGATE_GATEWAY_CLUSTER="+string(cluster))
	}
	cmd.Stderr = b.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	g.pid, g.address = cmd.Process.Pid, strings.TrimSpace(line)
	return g
}

// resident is the memory of the gateway in kB.
func (g apart) resident(b *testing.B) (kB float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.pid))
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	if _, err2 := fmt.Sscan(after, &kB); err != nil || err2 != nil {
		b.Fatal(err, err2)
	}
	return kB
}

// busy is the time that the gateway has had on a processor. The kernel counts hundredths of a second.
func (g apart) busy(b *testing.B) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):])) // from the state on, which is the third
	var user, system time.Duration
	fmt.Sscan(fields[12], &user)
	fmt.Sscan(fields[13], &system)
	return (user + system) * 10 * time.Millisecond
}

// BenchmarkSessions is what the gateway spends on sessions: memory for each of 200, and processor time for what passes between
// their ends, all at once. Beside it the same between nodes of libp2p alone.
func BenchmarkSessions(b *testing.B) {
	b.Run("sixgate", func(b *testing.B) {
		measureCost(b, startApart(b, Options{Data: filepath.Join(b.TempDir(), "data")}), through)
	})
	b.Run("library", func(b *testing.B) { measureCost(b, startApart(b, Options{Data: libraryAlone}), bareCircuit) })
}

// through is a channel of a session through the gateway.
func through(b *testing.B, g apart) (at, from io.ReadWriteCloser) {
	profile, err := AddOperator(g.data, "Ada", "Example Ltd")
	if err != nil {
		b.Fatal(err)
	}
	profile.Gateways = []string{g.address}
	bridge, host := dialBridge(b, p2p.BridgeOptions{Profile: profile}), dialHost(b, g.address)
	atHost, atBridge := call(b, host, bridge)
	consent(b, atHost, atBridge)
	return screen(b, atHost, atBridge)
}

// measureCost has as many pairs of ends as make 200, and has all of them carry bytes.
func measureCost(b *testing.B, g apart, meet func(*testing.B, apart) (at, from io.ReadWriteCloser)) {
	const sessions, each, piece = 200, 8 << 20, 64 << 10
	var before float64
	var hosts, bridges []io.ReadWriteCloser
	for i := range sessions + 1 {
		if i == 1 { // the first warms up
			before = g.resident(b)
		}
		at, from := meet(b, g)
		hosts, bridges = append(hosts, at), append(bridges, from)
	}
	b.ReportMetric((g.resident(b)-before)/sessions, "kB/session")

	began, spent := time.Now(), g.busy(b)
	var passing sync.WaitGroup
	for i := range hosts {
		passing.Go(func() {
			for out, left := make([]byte, piece), each; left > 0; left -= piece {
				if _, err := hosts[i].Write(out); err != nil {
					b.Error(err)
					return
				}
			}
		})
		passing.Go(func() {
			if _, err := io.CopyN(io.Discard, bridges[i], each); err != nil {
				b.Error(err)
			}
		})
	}
	passing.Wait()
	gigabytes := float64(len(hosts)*each) / 1e9
	b.ReportMetric((g.busy(b)-spent).Seconds()/gigabytes, "gateway-s/GB")
	b.ReportMetric(1000*gigabytes/time.Since(began).Seconds(), "MB/s")
	b.ReportMetric((g.resident(b)-before)/sessions, "kB/session-after")
	b.ReportMetric(0, "ns/op")
}
