//go:build linux

package x11

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// xgb connects by itself, but whoever wants to see what goes over the socket has to find the socket and the cookie.

// address is where the server of a display listens.
type address struct {
	network, at  string
	host, number string // as Xauthority(5) has them; host is "" for this machine
	screen       int
}

var errDisplayName = errors.New(`not a display's name, as ":0" or "host:0.1"`)

// parseDisplay reads "[protocol/][host]:number[.screen]", where there may be a socket's path in place of the host.
func parseDisplay(display string) (a address, err error) {
	colon := strings.LastIndexByte(display, ':')
	if colon < 0 {
		return a, errDisplayName
	}
	host := display[:colon]
	number, screen, several := strings.Cut(display[colon+1:], ".")
	n, err := strconv.ParseUint(number, 10, 16)
	if err == nil && several {
		a.screen, err = strconv.Atoi(screen)
	}
	if err != nil {
		return a, errDisplayName
	}
	a.network, a.number = "tcp", number
	if protocol, name, found := strings.Cut(host, "/"); found && protocol != "" {
		a.network, host = protocol, name
	}
	switch {
	case strings.HasPrefix(host, "/"):
		a.network, a.at = "unix", host+":"+number
	case host == "" || host == "unix":
		a.network, a.at = "unix", "/tmp/.X11-unix/X"+number
	default:
		a.host, a.at = host, host+":"+strconv.FormatUint(6000+n, 10)
	}
	return a, nil
}

const (
	cookieName  = "MIT-MAGIC-COOKIE-1"
	familyLocal = 256   // the address is a machine's name
	familyWild  = 65535 // any
)

// cookie is what the user's Xauthority file has for a display, in hexadecimal; "" when there is nothing.
func (a address) cookie() string {
	path := os.Getenv("XAUTHORITY")
	if path == "" {
		path = filepath.Join(os.Getenv("HOME"), ".Xauthority")
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	host := a.host
	if host == "" || host == "localhost" {
		host, _ = os.Hostname()
	}
	be := binary.BigEndian
	for len(file) > 2 {
		family := be.Uint16(file)
		file = file[2:]
		var fields [4]string // address, number, name, data
		for i := range fields {
			if len(file) < 2 || len(file) < 2+int(be.Uint16(file)) {
				return ""
			}
			end := 2 + int(be.Uint16(file))
			fields[i], file = string(file[2:end]), file[end:]
		}
		ours := family == familyWild || family == familyLocal && fields[0] == host
		if ours && (fields[1] == "" || fields[1] == a.number) && fields[2] == cookieName {
			return hex.EncodeToString([]byte(fields[3]))
		}
	}
	return ""
}
