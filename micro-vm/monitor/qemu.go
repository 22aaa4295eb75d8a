package monitor

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The descriptors that QEMU gets beside the standard streams.
const (
	portDescriptor    = 3
	consoleDescriptor = 4
	filesDescriptor   = 5
	tapDescriptor     = 6
)

// machine is a running QEMU.
type machine struct {
	process *os.Process
	port    *os.File
	// What the guest's console, QEMU itself and virtiofsd said at last.
	console, messages, files *tail
}

// startMachine starts QEMU and virtiofsd. The calling thread must stay: QEMU is killed when it goes.
func startMachine(configuration Configuration, tap *os.File, network *networkSettings) (*machine, error) {
	port, portOfMachine, err := socketPair()
	if err != nil {
		return nil, err
	}
	console, consoleOfMachine, err := socketPair()
	if err != nil {
		return nil, err
	}
	messages, messagesOfMachine, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	saidOfFiles, filesOfMachine, err := serveFiles(configuration)
	if err != nil {
		return nil, err
	}
	descriptors := []*os.File{nothing, messagesOfMachine, messagesOfMachine, portOfMachine, consoleOfMachine, filesOfMachine}
	if tap != nil {
		descriptors = append(descriptors, tap)
	}
	process, err := os.StartProcess(configuration.QEMU, arguments(configuration, network), &os.ProcAttr{
		// Nothing of the agent's environment: libraries that QEMU uses take orders from some variables.
		Env:   []string{"PATH=/usr/local/bin:/usr/bin:/bin"},
		Files: descriptors,
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true},
	})
	for _, descriptor := range descriptors {
		descriptor.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("QEMU can't be started: %w", err)
	}
	return &machine{process, port, follow(console), follow(messages), saidOfFiles}, nil
}

// end kills QEMU, by which virtiofsd ends too, and waits a moment for all that they have said.
func (m *machine) end() {
	_ = m.process.Kill()
	for _, said := range []*tail{m.messages, m.console, m.files} {
		select {
		case <-said.done:
		case <-time.After(time.Second):
		}
	}
}

func arguments(configuration Configuration, network *networkSettings) []string {
	emulated := configuration.Accelerator == "tcg"
	machine, console := "pc,usb=off,vmport=off", "ttyS0"
	options := []string{"quiet", "panic=-1", "oops=panic", "random.trust_cpu=on", "ipv6.disable_ipv6=1"}
	if runtime.GOARCH == "arm64" {
		machine, console = "virt,gic-version=max", "ttyAMA0"
	} else {
		// What is probed for long and is never there.
		options = append(options, "tsc=reliable", "no_timer_check", "i8042.noaux", "i8042.nomux", "i8042.nopnp", "i8042.dumbkbd",
			"8250.nr_uarts=1", "cryptomgr.notests")
	}
	accelerator, processor := "kvm", "host"
	if emulated {
		// Bounded, as it is in the memory of the agent's control group beside the guest's own.
		accelerator, processor = "tcg,thread=multi,tb-size=128", "max"
		// An emulated processor doesn't speculate.
		options = append(options, "mitigations=off")
	}
	options = append(options, "console="+console)
	memory := fmt.Sprintf("%dM", configuration.machineBytes()>>20)
	list := []string{
		configuration.QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-M", machine + ",memory-backend=memory", "-accel", accelerator, "-cpu", processor,
		"-smp", strconv.Itoa(configuration.Processors), "-m", memory,
		// Shared with what serves the files.
		"-object", "memory-backend-memfd,id=memory,share=on,size=" + memory,
		"-kernel", configuration.path("kernel"), "-initrd", configuration.path("initrd"),
		"-append", strings.Join(options, " "),
		"-chardev", "socket,id=console,fd=" + strconv.Itoa(consoleDescriptor), "-serial", "chardev:console",
		"-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random",
		"-chardev", "socket,id=control,fd=" + strconv.Itoa(portDescriptor),
		"-device", "virtio-serial-pci,max_ports=2", "-device", "virtserialport,chardev=control,name=control",
		"-chardev", "socket,id=files,fd=" + strconv.Itoa(filesDescriptor),
		"-device", "vhost-user-fs-pci,chardev=files,tag=root,queue-size=1024",
	}
	if network != nil {
		list = append(list, "-netdev", "tap,id=network,vhost=off,fd="+strconv.Itoa(tapDescriptor),
			"-device", "virtio-net-pci,netdev=network,romfile=,mac="+network.hardware.String())
	}
	return list
}

func socketPair() (ours, theirs *os.File, err error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.SetNonblock(pair[0], true); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(pair[0]), "socket"), os.NewFile(uintptr(pair[1]), "socket"), nil
}
