package wire

import (
	"fmt"
	"hash/fnv"
	"strings"

	"dockfill/allocation"
)

// Shard is the low byte of FNV-1a-32 of the site id as two hex digits. It
// stands in the topic so that any broker can spread sites over several centre
// processes with plain subscriptions.
func Shard(site allocation.SiteID) string {
	h := fnv.New32a()
	h.Write([]byte(site))
	return fmt.Sprintf("%02x", h.Sum32()&0xff)
}

// Up is the topic on which a site speaks.
func Up(site allocation.SiteID) string { return topic(site, "up") }

// Down is the topic on which the centre speaks to a site.
func Down(site allocation.SiteID) string { return topic(site, "down") }

// AllUp is the subscription that hears every site.
func AllUp() string { return fmt.Sprintf("dockfill/%d/+/+/up", Version) }

func topic(site allocation.SiteID, way string) string {
	return fmt.Sprintf("dockfill/%d/%s/%s/%s", Version, Shard(site), site, way)
}

// SiteOf gives the site whose Up topic this is. Any other topic is an error, a
// wrong shard included.
func SiteOf(up string) (allocation.SiteID, error) {
	parts := strings.Split(up, "/")
	if len(parts) == 5 {
		site := allocation.SiteID(parts[3])
		if allocation.CheckSite(parts[3]) == nil && up == Up(site) {
			return site, nil
		}
	}
	return "", fmt.Errorf("topic %.120q is not one on which a site speaks", up)
}
