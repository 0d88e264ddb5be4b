package web

import (
	"context"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// underWay are the imports that are being stored, by the name that their sender
// gave them; each is there from its first byte to its answer.
type underWay struct {
	mu    sync.Mutex
	parts map[string]float64
}

func (u *underWay) set(name string, part float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.parts[name] = part
}

func (u *underWay) end(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.parts, name)
}

func (u *underWay) part(name string) (float64, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	part, ok := u.parts[name]
	return part, ok
}

// ProgressJSON is how far an import is.
type ProgressJSON struct {
	Stored float64 `json:"stored" doc:"0 to 1: how much of the work of storing is done; nothing is kept before all of it is"`
}

type progressInput struct {
	Name string `path:"name" maxLength:"64" doc:"As given to the import"`
}

func (s *Server) getProgress(_ context.Context, in *progressInput) (*body[ProgressJSON], error) {
	part, ok := s.underWay.part(in.Name)
	if !ok {
		return nil, huma.Error404NotFound("No import of this name is under way: it is done, was refused, or never came.")
	}
	return &body[ProgressJSON]{ProgressJSON{part}}, nil
}
