package monitor

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// Of Landlock. The library for it (go-landlock) restricts all threads of a process, and so the monitor. Source: the kernel's userspace-api/landlock.rst; the numbers of its calls are the same for every architecture.
const (
	createRuleset = 444
	addRule       = 445
	restrictSelf  = 446

	askVersion  = 1
	pathBeneath = 1

	// The first that lets files be moved between directories.
	leastLandlock = 2

	executing    = 1 << 0
	readingFiles = 1 << 2
	listing      = 1 << 3
	makingChars  = 1 << 6
	makingBlocks = 1 << 11

	noNewPrivileges = 38
	openPath        = 0x200000
)

// rightsOfVersions are how many rights to files there are from a version on.
var rightsOfVersions = []struct{ version, rights int }{{2, 14}, {3, 15}, {5, 16}}

// beginning is what a program needs of the host to begin, and to ask the kernel of itself. What isn't there needs no right.
var beginning = []string{"/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/proc"}

// startConfined starts a program that may do everything to files beneath a folder but make devices, and beside it only read what it
// needs to begin: by whatever name or descriptor it comes to others, the kernel refuses to write, make, remove or move them. The program
// dies with this process.
func startConfined(root, program string, arguments []string, attributes *os.ProcAttr) (*os.Process, error) {
	type started struct {
		process *os.Process
		err     error
	}
	result := make(chan started)
	go func() {
		// The restriction is this thread's, and is inherited by what it starts. Go begins no thread of its own from one that is locked.
		runtime.LockOSThread()
		process, err := func() (*os.Process, error) {
			if err := confine(root, program); err != nil {
				return nil, fmt.Errorf("confining %s by Landlock: %w", program, err)
			}
			return os.StartProcess(program, arguments, attributes)
		}()
		result <- started{process, err}
		if err == nil {
			// The program is killed when the thread goes that has started it.
			select {}
		}
	}()
	ended := <-result
	return ended.process, ended.err
}

// confine restricts the calling thread, for good.
func confine(root, program string) error {
	version, _, failure := syscall.Syscall(createRuleset, 0, 0, askVersion)
	if failure == syscall.ENOSYS || failure == syscall.EOPNOTSUPP {
		return errors.New("the kernel has none")
	}
	if failure != 0 {
		return failure
	}
	if version < leastLandlock {
		return fmt.Errorf("the kernel's is of version %d, and %d is needed", version, leastLandlock)
	}
	var all uint64
	for _, each := range rightsOfVersions {
		if int(version) >= each.version {
			all = 1<<each.rights - 1
		}
	}
	ruleset, _, failure := syscall.Syscall(createRuleset, uintptr(unsafe.Pointer(&all)), unsafe.Sizeof(all), 0)
	if failure != 0 {
		return failure
	}
	defer syscall.Close(int(ruleset))
	if err := allow(ruleset, root, all&^(makingChars|makingBlocks)); err != nil {
		return err
	}
	for _, path := range append([]string{program}, beginning...) {
		if err := allow(ruleset, path, executing|readingFiles|listing); err != nil && !(path != program && errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	if _, _, failure := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivileges, 1, 0, 0, 0, 0); failure != 0 {
		return failure
	}
	if _, _, failure := syscall.RawSyscall(restrictSelf, ruleset, 0, 0); failure != 0 {
		return failure
	}
	return nil
}

func allow(ruleset uintptr, path string, rights uint64) error {
	descriptor, err := syscall.Open(path, openPath|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(descriptor)
	var status syscall.Stat_t
	if err := syscall.Fstat(descriptor, &status); err != nil {
		return &os.PathError{Op: "look at", Path: path, Err: err}
	}
	if status.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		rights &= executing | readingFiles
	}
	// The kernel's is packed: the descriptor follows the rights at once, and nothing follows that.
	rule := struct {
		rights     uint64
		descriptor int32
	}{rights, int32(descriptor)}
	if _, _, failure := syscall.Syscall6(addRule, ruleset, pathBeneath, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); failure != 0 {
		return &os.PathError{Op: "allow", Path: path, Err: failure}
	}
	return nil
}
