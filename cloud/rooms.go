package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// room is a part of the program with a goroutine of its own.
type room struct {
	name string
	run  func(context.Context) error
}

// stopTime is how long one room may take to stop.
const stopTime = 15 * time.Second

// running is a room that was started.
type running struct {
	room
	stop context.CancelFunc
	done chan error
}

// runAll starts the rooms in order and waits until ctx ends or one of them
// stops; then it stops them all, the last one first, each only after the ones
// behind it have ended.
func runAll(ctx context.Context, rooms []room) error {
	var started []running
	first := make(chan error, len(rooms))
	for _, r := range rooms {
		inner, stop := context.WithCancel(context.WithoutCancel(ctx))
		s := running{room: r, stop: stop, done: make(chan error, 1)}
		started = append(started, s)
		go func() {
			err := s.run(inner)
			if err == nil && inner.Err() == nil {
				err = errors.New("it ended by itself")
			}
			s.done <- err
			if err != nil {
				first <- fmt.Errorf("%s: %w", s.name, err)
			}
		}()
	}
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-first:
	}
	return errors.Join(cause, stopAll(started))
}

// stopAll reports only rooms that do not stop: an error of a room that was told
// to stop is either the first one, which is known, or follows from it.
func stopAll(started []running) error {
	var stuck error
	for i := len(started) - 1; i >= 0; i-- {
		s := started[i]
		s.stop()
		select {
		case <-s.done:
		case <-time.After(stopTime):
			stuck = errors.Join(stuck, fmt.Errorf("%s did not stop within %v", s.name, stopTime))
		}
	}
	return stuck
}

// ignoreEnd makes a clean end of a function that returns its context's error.
func ignoreEnd(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := run(ctx); ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
			return err
		}
		return nil
	}
}
