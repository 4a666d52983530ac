package message

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

type example struct {
	wire string // hexadecimal, spaces between the parts
	m    proto.Message
}

// messages are the forms on the wire, written by hand from the field numbers.
var messages = []example{
	{"00000002 0801", &CodeRequest{Verb: CodeRequest_OPEN}},
	{"0000000d 0801 1206343832393133 188407", &CodeAnswer{Status: Status_OK, Code: "482913", Seconds: 900}},
	{"00000002 0802", &CodeAnswer{Status: Status_NO_CODE}},
	{"00000008 0a06343832393133", &Redeem{Code: "482913"}},
	{"0000000b 0801 12020102 1a03416461", &Meeting{Status: Status_OK, Bridge: []byte{1, 2}, Operator: "Ada"}},
	{"0000000a 0801 12020102 2a022f61", &Meeting{Status: Status_OK, Bridge: []byte{1, 2}, Gateways: []string{"/a"}}},
	{"0000000c 0a020304 1206343832393133", &Arrival{Host: []byte{3, 4}, Code: "482913"}},
	{"00000002 0801", &ArrivalAnswer{Status: Status_OK}},
	{"0000000e 0801 12027063 2a0644656269616e", &Hello{Version: 1, Name: "pc", System: "Debian"}},
	{"00000009 0801 1203416461 3001", &Hello{Version: 1, Name: "Ada", Mode: 1}},
	{"00000004 0a020506", &Commit{Commitment: []byte{5, 6}}},
	{"00000004 0a020708", &Nonce{Nonce: []byte{7, 8}}},
	{"00000006 0a04 0803 1003", &Control{What: &Control_Notice{Notice: &Notice{State: 3, Permissions: 3}}}},
	{"00000008 0a06 0803 1001 1802", &Control{What: &Control_Notice{Notice: &Notice{State: 3, Permissions: 1, Mode: 2}}}},
	{"00000009 2a07 0801 12034b6579", &Control{What: &Control_Alert{Alert: &Alert{Kind: 1, Title: "Key"}}}},
	{"00000004 2202 0801", &Control{What: &Control_End{End: &End{Reason: 1}}}},
	{"0000000f 0807 1009 18ac02 2203726662 2a0101", &Attach{Channel: 7, Attempt: 9, Got: 300, Kind: "rfb", Proof: []byte{1}}},
	{"00000008 0801 10ac02 1a0101", &Attached{Allowed: true, Got: 300, Proof: []byte{1}}},
	{"00000000", &Attached{}},
	{"00000006 0a0101 0a0102", &Hosts{Hosts: [][]byte{{1}, {2}}}},
	{"00000002 0801", &HostsAnswer{Status: Status_OK}},
	{"00000008 0a0104 0a0304dead", &Spot{Addresses: [][]byte{{4}, {4, 0xde, 0xad}}}},
	{"00000000", &Spot{}},
	{"0000000c 0a04 0801 1802 0a04 1001 1807", &Report{Lost: []*LostWay{{Transport: 1, Why: 2}, {Proxy: true, Why: 7}}}},
	{"00000004 0801 1802", &LostWay{Transport: 1, Why: 2}},
	{"00000007 1003 1802 20d836", &Report{Undirect: 3, Path: 2, Micros: 7000}},
}

func wire(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessages(t *testing.T) {
	for _, tt := range messages {
		var b bytes.Buffer
		if err := Write(&b, tt.m); err != nil || !bytes.Equal(b.Bytes(), wire(t, tt.wire)) {
			t.Errorf("%T is written %x, %v; want %s", tt.m, b.Bytes(), err, tt.wire)
		}
		b.WriteString("the next")
		got := tt.m.ProtoReflect().New().Interface()
		if err := Read(&b, got); err != nil || !proto.Equal(got, tt.m) || b.String() != "the next" {
			t.Errorf("%s is read %v, %v, and %q is left", tt.wire, got, err, b.String())
		}
	}
}

// What the others do with messages they do with all that there are.
func TestAllMessages(t *testing.T) {
	inside := map[protoreflect.Name]bool{"Notice": true, "Alert": true, "End": true} // of Control
	for all, i := File_message_proto.Messages(), 0; i < all.Len(); i++ {
		name := all.Get(i).Name()
		if !inside[name] && !slices.ContainsFunc(messages, func(e example) bool { return e.m.ProtoReflect().Descriptor().Name() == name }) {
			t.Errorf("%s is not among the messages that are tried", name)
		}
	}
}

func TestCutMessages(t *testing.T) {
	for _, tt := range messages {
		whole := wire(t, tt.wire)
		for n := range len(whole) {
			got := tt.m.ProtoReflect().New().Interface()
			want := io.ErrUnexpectedEOF
			if n == 0 {
				want = io.EOF // between two messages
			}
			if err := Read(bytes.NewReader(whole[:n]), got); !errors.Is(err, want) {
				t.Errorf("%T cut after %d bytes: %v, want %v", tt.m, n, err, want)
			}
		}
	}
}

func TestTooLong(t *testing.T) {
	for _, head := range []string{"00010001", "7fffffff", "ffffffff"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := Read(bytes.NewReader(wire(t, head)), new(Attach))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err == nil || !strings.Contains(err.Error(), "more than") || took > Max {
			t.Errorf("length %s: %v, after %d bytes of memory", head, err, took)
		}
	}
	var b bytes.Buffer
	if err := Write(&b, &Attach{Kind: strings.Repeat("x", Max)}); err == nil || b.Len() != 0 {
		t.Errorf("a long message is written: %v, %d bytes", err, b.Len())
	}
	longest := &Attach{Kind: strings.Repeat("x", Max-4)}
	if err := Write(&b, longest, longest); err != nil || Read(&b, new(Attach)) != nil || Read(&b, new(Attach)) != nil {
		t.Errorf("the longest message: %v", err)
	}
}

// FuzzRead reads anything as every message: what can be read can be written and read again.
func FuzzRead(f *testing.F) {
	kinds := make(map[string]proto.Message)
	for _, tt := range messages {
		f.Add(wire(f, tt.wire))
		kinds[string(tt.m.ProtoReflect().Descriptor().Name())] = tt.m
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, kind := range kinds {
			m := kind.ProtoReflect().New().Interface()
			if Read(bytes.NewReader(b), m) != nil {
				continue
			}
			var again bytes.Buffer
			if err := Write(&again, m); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			back := kind.ProtoReflect().New().Interface()
			if err := Read(&again, back); err != nil || !proto.Equal(m, back) {
				t.Fatalf("%s: %v becomes %v, %v", name, m, back, err)
			}
		}
	})
}
