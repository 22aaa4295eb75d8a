package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	agentRoot = "/agent"
	ownGroups = "/groups"

	descriptorOnly = 0x200000 // O_PATH
)

type mounted struct {
	source, target, kind string
	flags                uintptr
	options              string
}

func (m mounted) mount() error {
	if err := syscall.Mount(m.source, m.target, m.kind, m.flags, m.options); err != nil {
		return fmt.Errorf("mounting %s at %s: %w", m.source, m.target, err)
	}
	return nil
}

func mountAll(list []mounted) error {
	for _, one := range list {
		if err := os.MkdirAll(one.target, 0o755); err != nil {
			return err
		}
		if err := one.mount(); err != nil {
			return err
		}
	}
	return nil
}

const harmless = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC

// mountOwn mounts what init itself uses.
func mountOwn() error {
	return mountAll([]mounted{
		{"proc", "/proc", "proc", harmless, ""},
		{"sysfs", "/sys", "sysfs", harmless, ""},
		{"devtmpfs", "/dev", "devtmpfs", syscall.MS_NOSUID | syscall.MS_NOEXEC, ""},
		{"cgroup2", ownGroups, "cgroup2", harmless, ""},
	})
}

// mountRoot mounts the agent's root with what it has in it, over init's own. Init stays below, and gets to it by the descriptor alone.
func mountRoot(privileged bool) (int, error) {
	flags := uintptr(syscall.MS_NOSUID | syscall.MS_NODEV)
	if privileged {
		flags = 0
	}
	in := func(path string) string { return filepath.Join(agentRoot, path) }
	err := mountAll([]mounted{
		{"root", agentRoot, "virtiofs", flags, ""},
	})
	if err != nil {
		return 0, err
	}
	for _, one := range []mounted{
		{"proc", in("proc"), "proc", harmless, ""},
		{"sysfs", in("sys"), "sysfs", harmless, ""},
		{"tmpfs", in("dev"), "tmpfs", syscall.MS_NOSUID | syscall.MS_NOEXEC, "mode=755,size=64k"},
	} {
		if err := one.mount(); err != nil {
			return 0, err
		}
	}
	if err := makeDevices(in("dev")); err != nil {
		return 0, err
	}
	shared := syscall.MS_NOSUID | syscall.MS_NODEV
	err = mountAll([]mounted{
		{"devpts", in("dev/pts"), "devpts", syscall.MS_NOSUID | syscall.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"},
		{"shm", in("dev/shm"), "tmpfs", uintptr(shared), "mode=1777,size=50%"},
		{"mqueue", in("dev/mqueue"), "mqueue", harmless, ""},
	})
	if err != nil {
		return 0, err
	}
	if err := (mounted{"cgroup2", in("sys/fs/cgroup"), "cgroup2", harmless, ""}).mount(); err != nil {
		return 0, err
	}
	if !privileged {
		// An agent whose user is root of this machine owns these files, though it has no capabilities.
		for _, path := range []string{"proc/sys", "proc/sysrq-trigger", "proc/irq", "proc/bus", "proc/fs"} {
			if err := bindItself(in(path)); err != nil {
				return 0, err
			}
		}
		for _, path := range []string{"sys/fs/cgroup", "sys"} {
			if err := makeReadOnly(in(path)); err != nil {
				return 0, err
			}
		}
	}
	if err := os.Chdir(agentRoot); err != nil {
		return 0, err
	}
	// As the root of the whole mount namespace, not as a folder that processes are confined to: those can't make user namespaces, which privileged ones may.
	if err := (mounted{".", "/", "", syscall.MS_MOVE, ""}).mount(); err != nil {
		return 0, err
	}
	root, err := syscall.Open(".", descriptorOnly|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	return root, os.Chdir("/")
}

// bindItself makes a mount of a part of one, that can't be written to.
func bindItself(path string) error {
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil
	}
	if err := (mounted{path, path, "", syscall.MS_BIND, ""}).mount(); err != nil {
		return err
	}
	return makeReadOnly(path)
}

func makeReadOnly(mount string) error {
	return mounted{"", mount, "", syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY | harmless, ""}.mount()
}

// makeDevices makes those that containers have, and none of the machine's.
func makeDevices(folder string) error {
	for name, minor := range map[string]int{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		if err := makeDevice(filepath.Join(folder, name), 1<<8|minor); err != nil {
			return err
		}
	}
	if err := makeDevice(filepath.Join(folder, "tty"), 5<<8); err != nil {
		return err
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
	} {
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func makeDevice(path string, number int) error {
	if err := syscall.Mknod(path, syscall.S_IFCHR|0o666, number); err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	// Whatever the mask said.
	return os.Chmod(path, 0o666)
}
