package session

// Reason is why a session ended. It travels as its number, so both ends say the same words, and it is an error.
type Reason uint8

const (
	ByUser      Reason = iota + 1 // the user ended it, or closed the program
	BySupporter                   // the supporter ended it, or closed the program
	ByNetwork                     // the connection broke, or the other program died
	Refused                       // the user said no
	Unanswered                    // the user did not answer in time
	WrongDigits                   // three times; the code is dead
	Tampered                      // the commitment did not fit: somebody changes what is sent
	DesktopGone                   // the user logged out, or the display server died
	NoMode                        // the supporter wanted a mode that the host does not have, nor any below it
)

var reasons = [...]struct {
	state State
	text  string
}{
	ByUser:      {EndedByUser, "ended by user"},
	BySupporter: {EndedBySupporter, "ended by supporter"},
	ByNetwork: {EndedByNetwork, "ended by network: the connection broke or the other program stopped; " +
		"begin again with a new code"},
	Refused:    {EndedByUser, "ended by user: the request was refused"},
	Unanswered: {EndedByUser, "ended by user: nobody answered the request; begin again with a new code"},
	WrongDigits: {EndedByUser, "ended by user: the check digits were wrong three times; somebody may be listening in, " +
		"or they were misheard; begin again with a new code"},
	Tampered: {EndedByNetwork, "ended by network: the other side did not keep to the check digits it had promised; " +
		"somebody may be listening in; tell your administrator, and begin again from another network"},
	DesktopGone: {EndedByUser, "ended by user: the desktop that was shown is gone, as after logging out; start again in a " +
		"desktop session, with a new code"},
	NoMode: {EndedByUser, "ended by user: their program has nothing of what the supporter's program asked for; " +
		"install the same version on both sides, and begin again with a new code"},
}

// Known reports whether r is a reason of this version.
func (r Reason) Known() bool { return r > 0 && int(r) < len(reasons) }

// State is the state that r leaves the session in.
func (r Reason) State() State {
	if !r.Known() {
		return EndedByNetwork
	}
	return reasons[r].state
}

func (r Reason) Error() string {
	if !r.Known() {
		return "ended by network: the other side gave no reason that this version knows"
	}
	return reasons[r].text
}
