// Package bed makes small internets on one Linux machine, to try programs on the networks that people have: a router that
// translates addresses one way or the other, a firewall, a line that is long, slow or lossy, goes away and comes back.
//
// A machine is a network namespace. What lies between the machines on the internet is a switch in this process, which
// delays, thins out and drops: so no queueing discipline of the kernel is needed.
package bed
