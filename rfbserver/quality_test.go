package rfbserver

import (
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// Pictures of a film become small enough for the path, at a quality that stays, and as good as wished when there is room.
func TestQualityFollowsThePath(t *testing.T) {
	wish := rfb.QualityLevel(6)
	goal := pictureFor
	size := func(j rfb.JPEG) float64 { // as libjpeg has it, more or less
		s := 0.3 + float64(j.Quality)/100
		if j.Sampling == rfb.Sampling444 {
			s *= 1.5
		}
		return s
	}
	now := time.Unix(1, 0)
	var th thrift
	var changes int
	film := func(pressure float64, pictures int) {
		changes = 0
		for range pictures {
			now = now.Add(time.Second / 15)
			before := th.steps
			th.sent(now, time.Duration(pressure*size(th.jpeg(wish))/size(wish)*float64(goal)), goal)
			if th.steps != before {
				changes++
			}
		}
	}
	film(0.9, 100)
	if th.steps != 0 {
		t.Errorf("%d steps down for pictures that fit", th.steps)
	}
	film(2.5, 6)
	if got := size(th.jpeg(wish)) / size(wish) * 2.5; got > 1.02 {
		t.Errorf("after 6 pictures of a film they are %.2f of what fits", got)
	}
	film(2.5, 60)
	if film(2.5, 300); changes > 3 {
		t.Errorf("the quality of a film changed %d times", changes)
	}
	if film(0.5, 15*12); th.jpeg(wish) != wish {
		t.Errorf("%+v after twelve seconds with room", th.jpeg(wish))
	}
	film(100, 10)
	if j := th.jpeg(wish); j != (rfb.JPEG{Quality: poorest, Sampling: rfb.Sampling420}) {
		t.Errorf("%+v", j)
	}
	if j := th.jpeg(rfb.JPEG{}); j != (rfb.JPEG{}) {
		t.Errorf("without loss became %+v", j)
	}
	if j := th.jpeg(rfb.JPEG{Quality: 90, Sampling: rfb.SamplingGrey}); j.Sampling != rfb.SamplingGrey {
		t.Errorf("greys became %+v", j)
	}
	now = now.Add(2 * time.Second)
	if film(0.9, 1); th.jpeg(wish) != wish {
		t.Errorf("%+v in another scene", th.jpeg(wish))
	}
}

// distant is a connection to a viewer that is so far away.
type distant struct {
	net.Conn
	rtt time.Duration
}

func (d distant) RoundTrip() time.Duration { return d.rtt }

// reading counts what comes.
type reading struct {
	net.Conn
	n int
}

func (r *reading) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.n += n
	return n, err
}

// What a viewer far away sees first is small, so that it is there sooner, and then repaired. One that wants no losses has none.
func TestFirstPictureForOneFarAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(400, 300)
		photo := rand.New(rand.NewPCG(1, 2))
		for i := range d.pix {
			d.pix[i] = uint32(0x808080 + (i%400)/4*0x010001 + photo.IntN(8)*0x000100)
		}
		s := share(t, &Server{Desktop: d})
		first := func(rtt time.Duration, encodings ...rfb.Encoding) (size int, exact bool) {
			conn, near := link(1e9, rtt, 4<<20)
			served := make(chan error, 1)
			go func() { served <- s.Serve(context.Background(), distant{conn, rtt}) }()
			counted := &reading{Conn: near}
			c, err := rfb.NewClient(counted, rfb.ClientOptions{Encodings: append(encodings, rfb.EncodingTight, rfb.EncodingLastRect), Ahead: true})
			if err != nil {
				t.Fatal(err)
			}
			v := &viewerEnd{Client: c, t: t, conn: near, served: served}
			v.update()
			size, exact = counted.n, v.same(d)
			v.sees(d)
			v.leave()
			return size, exact
		}
		wish := rfb.EncodingQualityLevel0 + 8
		near, _ := first(time.Millisecond, wish)
		far, exact := first(100*time.Millisecond, wish)
		t.Logf("a first picture of %d bytes for one nearby, %d far away", near, far)
		if far > near*2/3 || exact {
			t.Errorf("%d bytes, %d far away", near, far)
		}
		if _, exact := first(100 * time.Millisecond); !exact {
			t.Error("losses for one that wants none")
		}
	})
}
