package link

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// slow takes so long for its first write, and notes what was written and discarded.
type slow struct {
	takes time.Duration

	mu        sync.Mutex
	written   []string
	discarded bool
}

func (s *slow) Read([]byte) (int, error) { return 0, nil }
func (s *slow) Close() error             { return nil }

func (s *slow) Discard() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.discarded = true
	return nil
}

func (s *slow) Write(p []byte) (int, error) {
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes, s.written = 0, append(s.written, string(p))
	return len(p), nil
}

// A beep that waited behind a device that took nothing would be the next scan's.
func TestAnAnswerThatWaitedTooLongIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost atomic.Int32
		p := &slow{takes: answerLife + time.Second}
		w := newWriter(p, func() { lost.Add(1) })
		w.push([]byte("first"))
		synctest.Wait()
		w.push([]byte("old"))
		time.Sleep(2 * time.Second)
		w.push([]byte("young"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		p.mu.Lock()
		assert.Equal(t, []string{"first", "young"}, p.written)
		p.mu.Unlock()
		assert.EqualValues(t, 1, lost.Load())
		assert.True(t, w.finish())
	})
}

// Nothing beeps after the agent has stopped.
func TestWhatWasNotWrittenAtTheStopGoesNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slow{takes: time.Second}
		s := newSession(p, "dev", func() {})
		s.writer.push([]byte("under way"))
		s.writer.push([]byte("waiting"))
		written := s.writer.finish()
		assert.False(t, written)
		s.close(!written)
		assert.True(t, p.discarded)
		time.Sleep(2 * time.Second)
		<-s.writer.finished
		assert.Equal(t, []string{"under way"}, p.written)

		p = &slow{}
		s = newSession(p, "dev", func() {})
		s.writer.push([]byte("in time"))
		written = s.writer.finish()
		assert.True(t, written)
		s.close(!written)
		assert.False(t, p.discarded, "the last answer may be on the wire yet")
	})
}
