//go:build linux

package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"

	"sixgate/rfb"
)

// shotFor is how long a viewer may take to get its picture.
const shotFor = 30 * time.Second

// shoot has gtk-vnc's gvnccapture, a viewer that is not ours, save the picture at v.
func shoot(ctx context.Context, v viewer, file string) error {
	ctx, cancel := context.WithTimeout(ctx, shotFor)
	defer cancel()
	_, port, err := net.SplitHostPort(v.Address)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	display := fmt.Sprintf("127.0.0.1:%d", number-5900) // gvnccapture counts displays, not ports
	if out, err := exec.CommandContext(ctx, "gvnccapture", "-q", display, file).CombinedOutput(); err != nil {
		return fmt.Errorf("gvnccapture: %w: %s (Debian package gvncviewer)", err, out)
	}
	return nil
}

// savePicture attaches to v as a viewer does and saves its first whole picture.
func savePicture(ctx context.Context, v viewer, file string) error {
	ctx, cancel := context.WithTimeout(ctx, shotFor)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", v.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, err := rfb.NewClient(conn, rfb.ClientOptions{Password: v.Password, Encodings: []rfb.Encoding{rfb.EncodingZRLE}})
	if err != nil {
		return err
	}
	if err := client.Request(false, client.Image().Rect); err != nil {
		return err
	}
	for {
		event, err := client.Next()
		if err != nil {
			return err
		}
		if _, painted := event.(*rfb.Update); painted {
			return writePNG(file, client.Image())
		}
	}
}

func writePNG(file string, m *rfb.Image) error {
	picture := image.NewRGBA(m.Rect)
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		row := picture.Pix[(y-m.Rect.Min.Y)*picture.Stride:]
		for x, p := range m.Row(m.Rect.Min.X, m.Rect.Max.X, y) {
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = byte(p>>16), byte(p>>8), byte(p), 0xff
		}
	}
	w, err := os.Create(file)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := png.Encode(w, picture); err != nil {
		return err
	}
	return w.Close()
}
