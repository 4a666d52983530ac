//go:build cgo && linux

package rfb

// The library is the distribution's archive (Debian: libturbojpeg0-dev), linked statically: a program runs where
// it is not installed.

/*
#cgo noescape sixgate_compress
#cgo nocallback sixgate_compress
#cgo noescape sixgate_decompress
#cgo nocallback sixgate_decompress
#cgo LDFLAGS: -l:libturbojpeg.a -lm
#include <stdint.h>
#include <turbojpeg.h>

// These keep pointers to Go memory out of C variables that C would have to be handed a pointer to.

// The accurate transform has AVX2 code in the library, the fast one only SSE2: it costs no more and leaves fewer bytes.
static long sixgate_compress(tjhandle h, const uint32_t *px, int width, int pitch, int height, int sampling, int quality,
		unsigned char *dst, unsigned long size) {
	if (tjCompress2(h, (const unsigned char *)px, width, pitch, height, TJPF_BGRX, &dst, &size, sampling, quality,
			TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT))
		return -1;
	return size;
}

// Returns 0, -1 for a damaged JPEG and -2 for one of another size.
static int sixgate_decompress(tjhandle h, const unsigned char *src, unsigned long size, uint32_t *px, int width, int pitch, int height) {
	int w, hi, sampling, space;
	if (tjDecompressHeader3(h, src, size, &w, &hi, &sampling, &space))
		return -1;
	if (w != width || hi != height)
		return -2;
	return tjDecompress2(h, src, size, (unsigned char *)px, width, pitch, height, TJPF_BGRX, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS);
}
*/
import "C"

import (
	"errors"
	"image"
	"runtime"
)

type jpegCodec = turboJPEG

// turboJPEG compresses and decompresses by libjpeg-turbo, straight from and to the rows of an Image.
// Its memory outside of Go is freed with it by the collector.
type turboJPEG struct {
	compressor, decompressor *turboHandle
}

type turboHandle struct{ h C.tjhandle }

func newTurboHandle(h C.tjhandle) (*turboHandle, error) {
	if h == nil {
		return nil, errors.New("no memory for JPEG")
	}
	t := &turboHandle{h}
	runtime.AddCleanup(t, func(h C.tjhandle) { C.tjDestroy(h) }, h)
	return t, nil
}

// compress appends r of m as a JPEG to dst.
func (j *turboJPEG) compress(dst []byte, m *Image, r image.Rectangle, how JPEG) ([]byte, error) {
	if j.compressor == nil {
		var err error
		if j.compressor, err = newTurboHandle(C.tjInitCompress()); err != nil {
			return nil, err
		}
	}
	sub := [...]C.int{Sampling444: C.TJSAMP_444, Sampling422: C.TJSAMP_422, Sampling420: C.TJSAMP_420, SamplingGrey: C.TJSAMP_GRAY}[how.Sampling]
	most := int(C.tjBufSize(C.int(r.Dx()), C.int(r.Dy()), sub))
	n := len(dst)
	dst = extend(dst, most)
	px := m.Row(r.Min.X, r.Max.X, r.Min.Y)
	size := C.sixgate_compress(j.compressor.h, (*C.uint32_t)(&px[0]), C.int(r.Dx()), C.int(m.Stride*4), C.int(r.Dy()), sub, C.int(how.Quality),
		(*C.uchar)(&dst[n]), C.ulong(most))
	runtime.KeepAlive(j.compressor)
	if size < 0 {
		return nil, errors.New("libjpeg-turbo did not compress")
	}
	return dst[:n+int(size)], nil
}

// decompress paints a JPEG on r of m, whose size it must have.
func (j *turboJPEG) decompress(data []byte, m *Image, r image.Rectangle) error {
	if len(data) == 0 {
		return errDamagedJPEG
	}
	if j.decompressor == nil {
		var err error
		if j.decompressor, err = newTurboHandle(C.tjInitDecompress()); err != nil {
			return err
		}
	}
	px := m.Row(r.Min.X, r.Max.X, r.Min.Y)
	result := C.sixgate_decompress(j.decompressor.h, (*C.uchar)(&data[0]), C.ulong(len(data)),
		(*C.uint32_t)(&px[0]), C.int(r.Dx()), C.int(m.Stride*4), C.int(r.Dy()))
	runtime.KeepAlive(j.decompressor)
	for y := r.Min.Y; y < r.Max.Y; y++ { // the library makes the fourth byte opaque
		row := m.Row(r.Min.X, r.Max.X, y)
		for i := range row {
			row[i] &= 0xffffff
		}
	}
	switch result {
	case 0:
		return nil
	case -2:
		return errNoJPEG
	}
	return errDamagedJPEG
}
