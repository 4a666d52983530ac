//go:build !cgo || !linux

package rfb

type jpegCodec = goJPEG
