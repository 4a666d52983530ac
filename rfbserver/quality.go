package rfbserver

import (
	"math"
	"time"

	"sixgate/rfb"
)

const (
	pictureFor = 45 * time.Millisecond  // of the path's time, that a picture of a film is to take, or a third of the way there and back; half of it while somebody types
	answerFor  = 100 * time.Millisecond // the same for viewers that ask for each, and take their own time
	calmFor    = time.Second            // that pictures must have been smaller than need be, or none have come

	poorest  = 15   // quality, as TigerVNC's level 0
	stepDown = 0.85 // of the quality
	stepSize = 0.87 // of the bytes, more or less, that leaves
	maxSteps = 12

	firstFar   = 30 * time.Millisecond // there and back, from where on a path is slow at first, however fast it becomes: TCP begins with 14 kB
	firstSteps = 5                     // of the quality, until it is known how fast it is
)

// thrift is how much poorer photos are sent than the viewer wished, so that those of a film cross the path in time. What has
// come to rest is repaired in any case.
type thrift struct {
	steps int
	last  time.Time // that a photo was sent
	tight time.Time // that one was about as large as may be
}

// jpeg is what becomes of a wish.
func (t *thrift) jpeg(wish rfb.JPEG) rfb.JPEG {
	if t.steps == 0 || wish.Quality == 0 {
		return wish
	}
	if wish.Sampling != rfb.SamplingGrey {
		wish.Sampling = rfb.Sampling420 // the first step
	}
	wish.Quality = max(min(poorest, wish.Quality), int(float64(wish.Quality)*math.Pow(stepDown, float64(t.steps-1))))
	return wish
}

// sent says that an update with photos takes the path so long, where goal is how long it should.
func (t *thrift) sent(now time.Time, took, goal time.Duration) {
	if now.Sub(t.last) > calmFor { // another scene
		t.steps, t.tight = 0, now
	}
	t.last = now
	switch excess := float64(took) / float64(goal); {
	case excess > 1:
		t.steps = min(maxSteps, t.steps+int(math.Ceil(math.Log(excess)/-math.Log(stepSize))))
		t.tight = now
	case excess > stepSize*stepSize:
		t.tight = now
	case t.steps > 0 && now.Sub(t.tight) > calmFor:
		t.steps--
		t.tight = now.Add(-calmFor / 2)
	}
}

// jpeg is how an update that is begun now is to send photos. v.mu is held.
func (v *viewer) jpeg(now time.Time) rfb.JPEG {
	if v.wishes.exact {
		return v.wishes.jpeg
	}
	t := v.thrift
	if v.flow.rate(now) == 0 && v.flow.rtt.value() >= firstFar {
		t.steps = max(t.steps, firstSteps)
	}
	return t.jpeg(v.wishes.jpeg)
}

// spent says that an update with photos took size bytes for that part of the pixels that it should have had. v.mu is held.
func (v *viewer) spent(now time.Time, size int, part float64) {
	rate := v.flow.rate(now)
	if rate == 0 {
		return
	}
	goal := answerFor
	switch rtt := v.flow.rtt.value(); {
	case v.fenced() && v.flow.types(now):
		goal = max(pictureFor/2, rtt/5)
	case v.fenced():
		goal = max(pictureFor, rtt/3)
	}
	v.thrift.sent(now, time.Duration(float64(size)/part/rate*float64(time.Second)), goal)
}
