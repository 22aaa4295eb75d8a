package guest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"agentcontainers.dev/micro-vm/protocol"
)

// Begin is the argument by which this program becomes the agent's process.
const Begin = "begin"

const (
	cannotStart = 126
	notFound    = 127

	orderDescriptor = 3
	rootDescriptor  = 4
	groupDescriptor = 5

	noNewPrivileges      = 38 // PR_SET_NO_NEW_PRIVS
	dropBounding         = 24 // PR_CAPBSET_DROP
	ambient              = 47 // PR_CAP_AMBIENT
	clearAmbient         = 4  // PR_CAP_AMBIENT_CLEAR_ALL
	raiseAmbient         = 2  // PR_CAP_AMBIENT_RAISE
	lastCapability       = 63
	capabilityVersion3   = 0x20080522
	defaultOpenFiles     = 1024
	defaultMostOpenFiles = 1 << 20
)

// order is what the process is to become. It has nothing of it in its environment or arguments until then.
type order struct {
	Command    []byte `json:"command"`
	User       int    `json:"user"`
	Group      int    `json:"group"`
	Groups     []int  `json:"groups"`
	OpenFiles  uint64 `json:"openFiles"`
	Privileged bool   `json:"privileged"`
}

// beginProcess starts a process that becomes the command. It enters the group by itself at the end: this program's threads are more than
// the group may have room for.
func beginProcess(configuration protocol.Configuration, root int, group string, command protocol.Command,
	files []*os.File) (int, error) {
	text, err := json.Marshal(order{
		Command: command.Encode(), User: configuration.User, Group: configuration.Group, Groups: configuration.Groups,
		OpenFiles: configuration.OpenFiles, Privileged: configuration.Privileged,
	})
	if err != nil {
		return 0, err
	}
	entrance, err := os.OpenFile(filepath.Join(group, "cgroup.procs"), os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer entrance.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer read.Close()
	descriptors := make([]uintptr, 0, 6)
	for _, file := range files {
		descriptors = append(descriptors, file.Fd())
		// So that it may open them by their names in /dev and /proc.
		if err := syscall.Fchown(int(file.Fd()), configuration.User, configuration.Group); err != nil {
			return 0, err
		}
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"micro-vm", Begin}, &syscall.ProcAttr{
		Dir: "/", Files: append(descriptors, read.Fd(), uintptr(root), entrance.Fd()),
		Sys: &syscall.SysProcAttr{Setsid: true, Setctty: command.Terminal, Ctty: 0},
	})
	if err != nil {
		write.Close()
		return 0, err
	}
	go func() {
		_, _ = write.Write(text)
		write.Close()
	}()
	return pid, nil
}

// BeginCommand makes this process the one of its order. It never returns.
func BeginCommand() {
	runtime.LockOSThread()
	command, err := takeOrder()
	if err != nil {
		refuse("the command", cannotStart, err)
	}
	name := command.Arguments[0]
	path, err := find(name, command.Environment)
	if err == nil {
		// By the rights of who has opened this.
		_, err = syscall.Write(groupDescriptor, []byte("0"))
	}
	if err == nil {
		err = syscall.Exec(path, command.Arguments, command.Environment)
	}
	if errors.Is(err, syscall.ENOENT) {
		refuse(name, notFound, err)
	}
	refuse(name, cannotStart, err)
}

func refuse(what string, code int, err error) {
	fmt.Fprintf(os.Stderr, "micro-VM: %s can't be started: %v\n", what, err)
	os.Exit(code)
}

func takeOrder() (protocol.Command, error) {
	text, err := io.ReadAll(os.NewFile(orderDescriptor, "order"))
	if err != nil {
		return protocol.Command{}, err
	}
	var order order
	if err := json.Unmarshal(text, &order); err != nil {
		return protocol.Command{}, err
	}
	command, err := protocol.DecodeCommand(order.Command)
	if err != nil {
		return command, err
	}
	for _, descriptor := range []int{orderDescriptor, rootDescriptor, groupDescriptor} {
		syscall.CloseOnExec(descriptor)
	}
	return command, order.become(command.Directory)
}

// become takes from this thread all that the agent isn't to have. What follows is done with the agent's own rights.
func (o order) become(directory string) error {
	// Init is never killed for memory, and is inherited from.
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("0"), 0); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"root", func() error { return syscall.Fchdir(rootDescriptor) }},
		{"root", func() error { return syscall.Chroot(".") }},
		{"open files", o.limitOpenFiles},
		{"core", func() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }},
		{"bounding set", o.dropBounding},
		{"groups", o.setGroups},
		{"capabilities", func() error { return raw(syscall.SYS_PRCTL, syscall.PR_SET_KEEPCAPS, 1, 0) }},
		{"group", func() error { return raw(syscall.SYS_SETRESGID, uintptr(o.Group), uintptr(o.Group), uintptr(o.Group)) }},
		{"user", func() error { return raw(syscall.SYS_SETRESUID, uintptr(o.User), uintptr(o.User), uintptr(o.User)) }},
		{"capabilities", o.setCapabilities},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	syscall.Umask(0o022)
	if err := syscall.Chdir(directory); err != nil {
		return fmt.Errorf("working directory %s: %w", directory, err)
	}
	return nil
}

func (o order) limitOpenFiles() error {
	limit := syscall.Rlimit{Cur: defaultOpenFiles, Max: defaultMostOpenFiles}
	if o.OpenFiles > 0 {
		limit = syscall.Rlimit{Cur: o.OpenFiles, Max: o.OpenFiles}
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

func (o order) dropBounding() error {
	if o.Privileged {
		return nil
	}
	for capability := uintptr(0); capability <= lastCapability; capability++ {
		// The kernel's last one is followed by invalid ones.
		if err := raw(syscall.SYS_PRCTL, dropBounding, capability, 0); err != nil && err != syscall.EINVAL {
			return err
		}
	}
	return nil
}

func (o order) setGroups() error {
	if len(o.Groups) == 0 {
		return raw(syscall.SYS_SETGROUPS, 0, 0, 0)
	}
	groups := make([]uint32, len(o.Groups))
	for i, group := range o.Groups {
		groups[i] = uint32(group)
	}
	return raw(syscall.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&groups[0])), 0)
}

// setCapabilities leaves none, or, to a privileged one whatever its user is, all.
func (o order) setCapabilities() error {
	header := struct {
		version uint32
		pid     int32
	}{version: capabilityVersion3}
	var sets [2]struct{ effective, permitted, inheritable uint32 }
	if err := raw(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0); err != nil {
		return err
	}
	for half := range sets {
		if !o.Privileged {
			sets[half].permitted = 0
		}
		sets[half].effective, sets[half].inheritable = sets[half].permitted, sets[half].permitted
	}
	if err := raw(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0); err != nil {
		return err
	}
	if !o.Privileged {
		if err := raw(syscall.SYS_PRCTL, ambient, clearAmbient, 0); err != nil {
			return err
		}
		return raw(syscall.SYS_PRCTL, noNewPrivileges, 1, 0)
	}
	for capability := uintptr(0); capability <= lastCapability; capability++ {
		if sets[capability/32].permitted&(1<<(capability%32)) != 0 {
			if err := raw(syscall.SYS_PRCTL, ambient, raiseAmbient, capability); err != nil {
				return err
			}
		}
	}
	return nil
}

// raw calls for this thread alone, which is all that goes on after exec.
func raw(call, first, second, third uintptr) error {
	if _, _, err := syscall.RawSyscall6(call, first, second, third, 0, 0, 0); err != 0 {
		return err
	}
	return nil
}

// find looks for a program as a shell does, by the PATH of the environment that it gets.
func find(name string, environment []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	if name == "" {
		return "", syscall.ENOENT
	}
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, variable := range environment {
		if value, is := cut(variable, "PATH="); is {
			path = value
		}
	}
	found := error(syscall.ENOENT)
	for _, folder := range filepath.SplitList(path) {
		if folder == "" {
			folder = "."
		}
		candidate := folder + "/" + name
		status, err := os.Stat(candidate)
		if err != nil || status.IsDir() {
			continue
		}
		if status.Mode()&0o111 != 0 {
			return candidate, nil
		}
		found = syscall.EACCES
	}
	return "", found
}

func cut(text, prefix string) (string, bool) {
	return strings.TrimPrefix(text, prefix), strings.HasPrefix(text, prefix)
}
