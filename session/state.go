package session

// State is where a session is. Its String is what both ends show.
type State uint8

const (
	Waiting          State = iota // for the other side
	Checking                      // the user types the check digits
	Asking                        // the user decides what to allow
	Relayed                       // live, through the gateway
	Direct                        // live, without the gateway
	Paused                        // live, and the user shows nothing for now
	EndedByUser                   // this one and the next two are final
	EndedBySupporter              //
	EndedByNetwork                //
	Broken                        // each end sees it for itself: there is no connection to the other, and both try to make one
)

var stateNames = [...]string{"waiting for the other side", "checking digits", "asking the user", "connected by relay",
	"connected directly", "paused by user", "ended by user", "ended by supporter", "ended by network",
	"connection broken, trying again"}

func (s State) String() string { return word(stateNames[:], int(s)) }

// Live reports whether the user has consented and nobody has ended the session.
func (s State) Live() bool { return s == Relayed || s == Direct || s == Paused }
