package device

// watchHosts cannot tell here: a host is taken to be there, at once and always.
func watchHosts(string) (came <-chan struct{}, there func() bool, stop func()) {
	return closed, always, func() {}
}
