package monitor

import (
	"os"
	"strings"
	"sync"
)

const tailLength = 4096

// tail keeps the last that is read from a file, and reads all of it.
type tail struct {
	lock  sync.Mutex
	bytes []byte
	done  chan struct{}
	// What it isn't to say, and what is closed once it does.
	ominous string
	alarm   chan struct{}
}

func follow(file *os.File) *tail { return followUntil(file, "") }

// followUntil also looks for what tells of a failure that the writer outlives.
func followUntil(file *os.File, ominous string) *tail {
	kept := &tail{done: make(chan struct{}), ominous: ominous, alarm: make(chan struct{})}
	go func() {
		defer close(kept.done)
		defer file.Close()
		buffer := make([]byte, tailLength)
		for {
			count, err := file.Read(buffer)
			kept.add(buffer[:count])
			if err != nil {
				return
			}
		}
	}()
	return kept
}

func (t *tail) add(bytes []byte) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.bytes = append(t.bytes, bytes...)
	if t.ominous != "" && strings.Contains(string(t.bytes), t.ominous) {
		t.ominous = ""
		close(t.alarm)
	}
	if over := len(t.bytes) - tailLength; over > 0 {
		t.bytes = append([]byte(nil), t.bytes[over:]...)
	}
}

// lines are the last that aren't empty, with nothing in them that a terminal would obey.
func (t *tail) lines() []string {
	t.lock.Lock()
	defer t.lock.Unlock()
	var lines []string
	for _, line := range strings.Split(string(t.bytes), "\n") {
		if line = printable(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text))
}
