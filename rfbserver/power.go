package rfbserver

import (
	"context"

	"sixgate/rfb"
)

// PowerAction is what a viewer may ask of the computer: to shut down, to reboot, or to do that at once.
type PowerAction = rfb.PowerAction

// PowerShutdown is the one that does not start it again.
const PowerShutdown = rfb.PowerShutdown

// power has the computer shut down or rebooted, if whoever sits at it agrees, which may take long: the viewer is heard
// meanwhile. One question is asked at a time; to another one, of any viewer, the answer is no.
func (v *viewer) power(ctx context.Context, a rfb.PowerAction) {
	s := v.server
	known := a == rfb.PowerShutdown || a == rfb.PowerReboot || a == rfb.PowerReset
	if s.Power == nil || !known || !s.asking.CompareAndSwap(false, true) {
		v.powerFailed()
		return
	}
	s.Log.Info("a viewer asks for power", "action", a)
	v.works.Go(func() {
		defer s.asking.Store(false)
		if !s.Power(ctx, a) {
			v.powerFailed()
		}
	})
}

// powerFailed tells a viewer of xvp that nothing will come of its wish.
func (v *viewer) powerFailed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.wishes.power {
		v.say(rfb.AppendPowerFailed(nil)...)
	}
}
