// Package guest is the first process of the virtual machine: it makes the machine ready and begins the agent's processes there by the
// host's frames. It stays in the initial file system, which no process of the agent's sees.
package guest

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"agentcontainers.dev/micro-vm/netlink"
	"agentcontainers.dev/micro-vm/protocol"
)

// Run makes the machine ready and serves its sessions. It never returns: where it can't go on, the machine ends.
func Run() {
	// Handled and forgotten: a signal must not end the machine, and what is ignored would be so for the agent's processes too.
	signal.Notify(make(chan os.Signal, 1))
	port, err := prepare()
	if err != nil {
		fmt.Fprintln(os.Stderr, "The machine can't be made ready:", err)
		powerOff()
	}
	writer := protocol.NewWriter(port)
	if err := serve(port, writer); err != nil {
		text := err.Error()
		if len(text) > 1024 {
			text = text[:1024]
		}
		_ = writer.Write(protocol.Failure, 0, []byte(text))
		// The host ends the machine: by itself it would have ended before that is read.
		time.Sleep(10 * time.Second)
	}
	powerOff()
}

func powerOff() {
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	select {}
}

// prepare does what doesn't depend on the host's word.
func prepare() (*port, error) {
	if err := mountOwn(); err != nil {
		return nil, err
	}
	if err := loadModules("/modules"); err != nil {
		return nil, err
	}
	return openPort("control")
}

func serve(port *port, writer *protocol.Writer) error {
	if err := writer.Write(protocol.Hello, 0, protocol.NumberBody(protocol.Version)); err != nil {
		return err
	}
	reader := protocol.NewReader(port, protocol.ToGuest)
	first, err := reader.Read()
	if err != nil {
		return err
	}
	if first.Kind != protocol.Configure {
		return errors.New("the host doesn't begin with the configuration")
	}
	configuration, err := protocol.DecodeConfiguration(first.Body)
	if err != nil {
		return err
	}
	root, err := configure(configuration)
	if err != nil {
		return err
	}
	if err := forgetFiles(configuration.KeptFiles); err != nil {
		return err
	}
	groups, err := makeGroups(configuration.Tasks)
	if err != nil {
		return err
	}
	sessions := newSessions(configuration, writer, groups, root)
	go groups.watch(sessions.tellKilled)
	go sessions.reap()
	if err := writer.Write(protocol.Ready, 0); err != nil {
		return err
	}
	for {
		frame, err := reader.Read()
		if err != nil {
			return err
		}
		if err := sessions.take(frame); err != nil {
			return err
		}
	}
}

// configure makes the agent's surroundings, and gives the descriptor of its root.
func configure(configuration protocol.Configuration) (int, error) {
	now := syscall.NsecToTimeval(configuration.Time)
	if err := syscall.Settimeofday(&now); err != nil {
		return 0, fmt.Errorf("setting the time: %w", err)
	}
	if err := syscall.Sethostname([]byte(configuration.Hostname)); err != nil {
		return 0, fmt.Errorf("setting the name of the host: %w", err)
	}
	if err := netlink.Up("lo"); err != nil {
		return 0, err
	}
	if configuration.Network != nil {
		if err := loadModules("/modules/network"); err != nil {
			return 0, err
		}
		if err := connectNetwork(*configuration.Network); err != nil {
			return 0, err
		}
	}
	if err := os.RemoveAll("/modules"); err != nil {
		return 0, err
	}
	if err := secureKernel(configuration.Privileged); err != nil {
		return 0, err
	}
	return mountRoot(configuration.Privileged)
}

// connectNetwork waits for the only device there is.
func connectNetwork(network protocol.Network) error {
	for _, family := range []string{"all", "default"} {
		err := os.WriteFile("/proc/sys/net/ipv6/conf/"+family+"/disable_ipv6", []byte("1"), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		devices, err := os.ReadDir("/sys/class/net")
		if err != nil {
			return err
		}
		for _, device := range devices {
			if device.Name() != "lo" {
				return netlink.Set(device.Name(), network)
			}
		}
	}
	return errors.New("there is no network device")
}

// secureKernel takes from the kernel what it would run or load by itself for a process of the agent's.
func secureKernel(privileged bool) error {
	namespaces := "0\n"
	if privileged {
		namespaces = "1024\n"
	}
	for _, setting := range []struct{ name, value string }{
		// In one of its own a process has all capabilities.
		{"user/max_user_namespaces", namespaces},
		{"kernel/modprobe", "\n"},
		{"kernel/core_pattern", "core\n"},
		{"kernel/usermodehelper/bset", "0 0\n"},
		{"kernel/usermodehelper/inheritable", "0 0\n"},
		{"kernel/modules_disabled", "1\n"},
		{"kernel/sysrq", "0\n"},
		{"kernel/dmesg_restrict", "1\n"},
		{"kernel/kptr_restrict", "2\n"},
	} {
		err := os.WriteFile("/proc/sys/"+setting.name, []byte(setting.value), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
