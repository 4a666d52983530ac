// Package conformance holds tests only: the programs as they are shipped against VNC viewers and servers that nobody
// here wrote, compared pixel by pixel with the X screen.
package conformance
