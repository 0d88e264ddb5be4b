package broker

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// The centre's own client. A site id holds no underscore, so no site's client id
// begins like this.
const (
	centreUser   = "_centre"
	centrePrefix = "_centre."
)

// access decides who may connect and who may use which topic, and says whom it
// turned away and why.
type access struct {
	mqtt.HookBase
	password string
	log      *slog.Logger
}

func (a *access) ID() string { return "access" }

func (a *access) Provides(event byte) bool {
	return event == mqtt.OnConnectAuthenticate || event == mqtt.OnACLCheck || event == mqtt.OnDisconnect
}

// OnConnectAuthenticate lets in the centre, by its password, and sites, whose
// client id wire.SplitClientID takes apart. A will is refused: the library would publish it
// past the rules for topics.
func (a *access) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	why := a.refuse(cl.ID, pk.Connect)
	if why != "" {
		a.log.Warn("broker refuses a client", "client", clip(cl.ID), "from", cl.Net.Remote, "why", why)
	}
	return why == ""
}

func (a *access) refuse(id string, c packets.ConnectParams) string {
	if c.WillFlag {
		return "it brings a will"
	}
	if string(c.Username) == centreUser || strings.HasPrefix(id, centrePrefix) {
		known := string(c.Username) == centreUser && strings.HasPrefix(id, centrePrefix)
		if !known || subtle.ConstantTimeCompare(c.Password, []byte(a.password)) != 1 {
			return "it is not this program's own client"
		}
		return ""
	}
	if site, ok := wire.SplitClientID(id); !ok || allocation.CheckSite(site) != nil {
		return "its client id is not a site, a dot, and 8 to 64 of a-z and 0-9"
	}
	return ""
}

// OnACLCheck is asked for each subscription, and for each message at both ends.
func (a *access) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if string(cl.Properties.Username) == centreUser {
		return centreMay(topic, write)
	}
	name, _ := wire.SplitClientID(cl.ID)
	does, its := "listen to", wire.Down(allocation.SiteID(name))
	if write {
		does, its = "speak on", wire.Up(allocation.SiteID(name))
	}
	if topic != its {
		a.log.Warn("broker refuses a topic", "client", clip(cl.ID), "from", cl.Net.Remote, "topic", clip(topic), "why", "this client may "+does+" "+its+" alone")
	}
	return topic == its
}

// OnDisconnect says why the broker itself ended a connection. A topic that was
// refused was told before.
func (a *access) OnDisconnect(cl *mqtt.Client, err error, _ bool) {
	var code packets.Code
	switch {
	case !errors.As(err, &code), errors.Is(err, packets.ErrNotAuthorized), errors.Is(err, packets.ErrSessionTakenOver), errors.Is(err, packets.ErrServerShuttingDown):
		return
	case errors.Is(err, packets.ErrPacketTooLarge):
		err = fmt.Errorf("its packet is larger than %d bytes", maxPacket)
	}
	a.log.Warn("broker closed a connection", "client", clip(cl.ID), "from", cl.Net.Remote, "why", err)
}

// centreMay allows to speak to any one site, and to listen to one or to all.
func centreMay(topic string, write bool) bool {
	if write {
		up, isDown := strings.CutSuffix(topic, "/down")
		_, err := wire.SiteOf(up + "/up")
		return isDown && err == nil
	}
	_, err := wire.SiteOf(topic)
	return err == nil || topic == wire.AllUp()
}

// clip keeps a stranger's words short in the log.
func clip(s string) string { return s[:min(len(s), 80)] }
