package host

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"sixgate/session"
)

// decideFor is how long the end user may take to decide on a restart.
const decideFor = time.Minute

// power asks the end user whether the supporter may shut this computer down or restart it, and does it. It tells whether it was done.
func (h Host) power(ctx context.Context, c *Consent, restart bool) bool {
	if !c.Allowed().Has(session.Control) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, decideFor)
	defer cancel()
	yes, err := h.Questions.Power(ctx, c, restart)
	if err != nil || !yes {
		return false
	}
	if !c.gate.untouchedFor(handsOffFor) {
		h.Log.WarnContext(ctx, "not shut down: the supporter had the mouse or the keyboard when the answer came")
		return false
	}
	h.Log.InfoContext(ctx, "the end user lets the supporter end this computer's work", "restart", restart)
	if err := h.Power(ctx, restart); err != nil {
		h.Log.ErrorContext(ctx, "shut down", "err", err)
		return false
	}
	return true
}

// Power shuts this computer down or restarts it, as its user could.
func Power(ctx context.Context, restart bool) error {
	name, args := "systemctl", []string{"poweroff"}
	switch {
	case runtime.GOOS == "windows" && restart:
		name, args = "shutdown", []string{"/r", "/t", "0"}
	case runtime.GOOS == "windows":
		name, args = "shutdown", []string{"/s", "/t", "0"}
	case runtime.GOOS != "linux":
		return fmt.Errorf("there is no way to shut down a computer with %s here", runtime.GOOS)
	case restart:
		args = []string{"reboot"}
	}
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out[:min(len(out), 200)])
	}
	return nil
}
