package guest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// What the kernel and init keep for themselves of the machine's memory, so that what is killed for memory is always the agent's.
const reserve = 24 << 20

// groups are the control groups of the machine: one of the agent's, in which each session has its own.
type groups struct {
	agent string

	lock   sync.Mutex
	next   int
	left   []string
	killed uint64
}

func makeGroups(tasks int64) (*groups, error) {
	made := &groups{agent: filepath.Join(ownGroups, "agent")}
	if err := os.WriteFile(filepath.Join(ownGroups, "cgroup.subtree_control"), []byte("+memory +pids"), 0); err != nil {
		return nil, err
	}
	if err := os.Mkdir(made.agent, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0); err != nil {
		return nil, err
	}
	memory, err := machineMemory()
	if err != nil {
		return nil, err
	}
	if memory < 2*reserve {
		return nil, fmt.Errorf("the machine has only %d MiB of memory beside its kernel", memory>>20)
	}
	if err := made.set("memory.max", strconv.FormatInt(memory-reserve, 10)); err != nil {
		return nil, err
	}
	if tasks > 0 {
		return made, made.set("pids.max", strconv.FormatInt(tasks, 10))
	}
	return made, nil
}

// machineMemory is what is left to processes, after the kernel has taken what it needs for itself.
func machineMemory() (int64, error) {
	bytes, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(bytes), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemAvailable:" {
			kibibytes, err := strconv.ParseInt(fields[1], 10, 64)
			return kibibytes << 10, err
		}
	}
	return 0, errors.New("the kernel doesn't say how much memory there is")
}

func (g *groups) set(name, value string) error {
	return os.WriteFile(filepath.Join(g.agent, name), []byte(value), 0)
}

// open makes a group for a session.
func (g *groups) open() (string, error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.next++
	path := filepath.Join(g.agent, strconv.Itoa(g.next))
	return path, os.Mkdir(path, 0o755)
}

func kill(group string) error {
	return os.WriteFile(filepath.Join(group, "cgroup.kill"), []byte("1"), 0)
}

// close removes a session's group, or leaves that until what the session has left in the background has ended.
func (g *groups) close(group string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.left = append(g.left, group)
	g.sweep()
}

// swept removes what has become empty.
func (g *groups) swept() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.sweep()
}

func (g *groups) sweep() {
	var left []string
	for _, group := range g.left {
		if syscall.Rmdir(group) == syscall.EBUSY {
			left = append(left, group)
		}
	}
	g.left = left
}

// newlyKilled is how many processes were killed for memory since it was last asked.
func (g *groups) newlyKilled() uint64 {
	g.lock.Lock()
	defer g.lock.Unlock()
	bytes, err := os.ReadFile(filepath.Join(g.agent, "memory.events"))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(bytes), "\n") {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == "oom_kill" {
			count, _ := strconv.ParseUint(fields[1], 10, 64)
			newly := count - g.killed
			g.killed = count
			return newly
		}
	}
	return 0
}

// watch calls that whenever something happened about the group's memory.
func (g *groups) watch(happened func()) {
	watch, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		return
	}
	if _, err := syscall.InotifyAddWatch(watch, filepath.Join(g.agent, "memory.events"), syscall.IN_MODIFY); err != nil {
		return
	}
	buffer := make([]byte, 4096)
	for {
		if _, err := syscall.Read(watch, buffer); err != nil && err != syscall.EINTR {
			return
		}
		happened()
	}
}
