package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The user that QEMU and the agent have, in a user namespace of the test's own.
const agent = "65500"

// TestMachine boots the machine of the folder MICRO_VM, which scripts/micro-vm made, and tries it from all sides. It needs root, to have a
// user namespace with more than one user; what it makes is gone with its namespaces.
func TestMachine(t *testing.T) {
	made, inside := os.Getenv("MICRO_VM"), os.Getenv("MICRO_VM_INSIDE")
	switch {
	case inside != "":
		tryMachine(t, inside)
	case made == "":
		t.Skip("MICRO_VM isn't set to a folder that scripts/micro-vm made")
	case os.Getuid() != 0:
		t.Skip("only root can have a user namespace with more than one user")
	default:
		runInNamespaces(t, made)
	}
}

func runInNamespaces(t *testing.T, made string) {
	folder := t.TempDir()
	for path := folder; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		check(t, os.Chmod(path, 0o755))
	}
	for _, name := range []string{"kernel", "initrd", "monitor", "virtiofsd"} {
		copyFile(t, filepath.Join(made, "current", name), filepath.Join(folder, name))
	}
	copyFile(t, staticBusybox(t), filepath.Join(folder, "busybox"))
	check(t, syscall.Mknod(filepath.Join(folder, "tun"), syscall.S_IFCHR|0o666, 10<<8|200))
	check(t, os.Chmod(filepath.Join(folder, "tun"), 0o666))
	check(t, os.Mkdir(filepath.Join(folder, "work"), 0o777))
	check(t, os.Chmod(filepath.Join(folder, "work"), 0o777))
	copyFile(t, os.Args[0], filepath.Join(folder, "test"))
	range65536 := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 1 << 17, Size: 1 << 16}}
	test := exec.Command(filepath.Join(folder, "test"), "-test.run=^TestMachine$", "-test.v="+fmt.Sprint(testing.Verbose()),
		"-test.timeout=15m")
	test.Dir = folder
	test.Env = append(os.Environ(), "MICRO_VM_INSIDE="+folder)
	test.Stdout, test.Stderr = os.Stdout, os.Stderr
	test.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		UidMappings: range65536, GidMappings: range65536, GidMappingsEnableSetgroups: true,
		Credential: &syscall.Credential{Uid: 0, Gid: 0}, Pdeathsig: syscall.SIGKILL,
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := test.Run(); err != nil {
		t.Fatal(err)
	}
}

// tryMachine is the test within its namespaces.
func tryMachine(t *testing.T, made string) {
	runtime.LockOSThread()
	check(t, syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	check(t, syscall.Mount("proc", "/proc", "proc", 0, ""))
	t.Run("a machine with too little memory says why it ended", func(t *testing.T) {
		m := newMachine(t, made, "small", 72, "true")
		m.start(nil)
		expect(t, m.wait(), 125)
		contains(t, m.errors.String(), "micro-VM: ")
		t.Log(m.errors.String())
	})
	t.Run("TERM ends a machine that is booting", func(t *testing.T) {
		m := newMachine(t, made, "booting", 256, "true")
		m.start(nil)
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		check(t, m.process.Process.Signal(syscall.SIGTERM))
		expect(t, m.wait(), 143)
		if time.Since(began) > 2*time.Second {
			t.Error("it took", time.Since(began))
		}
	})
	peer := connect(t, made)
	m := newMachine(t, made, "machine", 256, "sh", "-c", `
		echo to output; echo to errors >&2
		trap 'echo terminated; exit 42' TERM
		cat >/tmp/input; echo "input $(sha256sum </tmp/input)"
		sleep 9999 & wait`)
	input := pattern(3_000_001)
	began := time.Now()
	m.start(bytes.NewReader(input))
	m.expectExec(t, 0, "up\n", "echo", "up")
	t.Log("the machine was up after", time.Since(began))
	t.Log(m.memory())

	t.Run("the main process has its streams", func(t *testing.T) {
		m.eventually(t, func() bool { return strings.Contains(m.output.String(), "input ") })
		expect(t, m.output.String(), fmt.Sprintf("to output\ninput %x  -\n", sha256.Sum256(input)))
		expect(t, m.errors.String(), "to errors\n")
	})
	t.Run("exec has its exit code and keeps output and errors apart", func(t *testing.T) {
		output, errors, code := m.exec(nil, "sh", "-c", "echo out; echo err >/dev/stderr; echo $GIVEN; pwd; exit 9")
		expect(t, output, "out\nby the test\n/tmp\n")
		expect(t, errors, "err\n")
		expect(t, code, 9)
	})
	t.Run("a program that is not there is named", func(t *testing.T) {
		_, errors, code := m.exec(nil, "nonesuch")
		expect(t, code, 127)
		contains(t, errors, "nonesuch")
		_, errors, code = m.exec(nil, "/tmp/input")
		expect(t, code, 126)
		contains(t, errors, "/tmp/input")
	})
	t.Run("signals reach an exec's process", func(t *testing.T) { m.trySignal(t) })
	t.Run("what is not read holds up nobody, and no byte is lost", func(t *testing.T) { m.tryStreams(t) })
	t.Run("a terminal has its size and is the controlling one", func(t *testing.T) { m.tryTerminal(t) })
	t.Run("what an exec began dies with its client", func(t *testing.T) { m.tryKill(t) })
	t.Run("what runs in the background holds up nothing and goes on", func(t *testing.T) {
		began := time.Now()
		m.expectExec(t, 0, "before\n", "sh", "-c", "sleep 7654 & echo before")
		if time.Since(began) > 8*time.Second {
			t.Error("it took", time.Since(began))
		}
		m.expectExec(t, 0, "sleep 7654\n", "sh", "-c", "ps -o args | grep '^[s]leep 7654'")
	})
	t.Run("processes have no rights beside their user's", func(t *testing.T) {
		output, _, _ := m.exec(nil, "sh", "-c", "cat /proc/self/status; id; ulimit -n; umask; ulimit -c")
		for _, line := range []string{
			"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
			"CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "uid=65500 gid=65500 groups=4242,65500", "\n512\n0022\n0\n",
		} {
			contains(t, output, line)
		}
	})
	t.Run("init can be neither signalled nor looked into", func(t *testing.T) {
		for _, attack := range []string{
			"kill -9 1", "cat /proc/1/environ", "ls /proc/1/root/", "ls /proc/1/fd", "echo 1 >/proc/sys/kernel/sysrq",
			"echo b >/proc/sysrq-trigger", "mknod /tmp/port c 241 1", "mount -t tmpfs none /tmp", "cat /dev/vport*",
			"echo 0 >/sys/fs/cgroup/cgroup.procs", "echo max >/sys/fs/cgroup/agent/pids.max", "dmesg", "ls /init /modules /groups",
		} {
			if output, _, code := m.exec(nil, "sh", "-c", attack); code == 0 {
				t.Errorf("%s: %s", attack, output)
			}
		}
	})
	t.Run("files are the host's, with its rights and its changes", func(t *testing.T) {
		for _, attack := range []string{"echo x >/fixed/file", "echo x >/of-root/file", "rm /of-root/there", "cat /of-root/secret"} {
			if _, _, code := m.exec(nil, "sh", "-c", attack); code == 0 {
				t.Error(attack)
			}
		}
		for _, text := range []string{"one", "two, which is longer", "3"} {
			check(t, os.WriteFile(m.path("root/tmp/changing"), []byte(text), 0o644))
			written := time.Now()
			m.eventually(t, func() bool { seen, _, _ := m.exec(nil, "cat", "/tmp/changing"); return seen == text })
			t.Log("a change was seen after", time.Since(written))
		}
		m.expectExec(t, 0, "", "sh", "-c", "echo made >/tmp/made")
		made, err := os.ReadFile(m.path("root/tmp/made"))
		check(t, err)
		expect(t, string(made), "made\n")
		m.expectExec(t, 0, "through\n", "sh", "-c", "mkfifo /tmp/pipe && { echo through >/tmp/pipe & cat /tmp/pipe; }")
	})
	t.Run("a file that the host has one wait for holds up no other", func(t *testing.T) { m.tryHangingFile(t) })
	t.Run("there are as many processes as are allowed", func(t *testing.T) {
		output, errors, _ := m.exec(nil, "sh", "-c", "for i in $(seq 100); do sleep 4 & done; echo all")
		contains(t, output+errors, "can't fork")
		m.expectExec(t, 0, "also then\n", "echo", "also then")
		m.eventually(t, func() bool {
			output, _, code := m.exec(nil, "ps")
			return code == 0 && !strings.Contains(output, "sleep 4")
		})
	})
	t.Run("the network is that of the namespace around it", func(t *testing.T) { m.tryNetwork(t, peer) })
	t.Run("what takes all memory is killed alone, and that is told", func(t *testing.T) {
		_, _, code := m.exec(nil, "tail", "/dev/zero")
		expect(t, code, 137)
		m.eventually(t, func() bool { return strings.Contains(m.errors.String(), "killed a process for want of memory") })
		m.expectExec(t, 0, "alive\n", "echo", "alive")
		t.Log(m.memory())
	})
	t.Run("TERM reaches the main process, and all ends with that", func(t *testing.T) {
		check(t, m.process.Process.Signal(syscall.SIGTERM))
		expect(t, m.wait(), 42)
		contains(t, m.output.String(), "terminated\n")
	})
}

func (m *testMachine) trySignal(t *testing.T) {
	client := m.client("sh", "-c", "trap 'echo caught; exit 5' USR1; echo ready; while :; do sleep 0.2; done")
	output := &shared{}
	client.Stdout = output
	check(t, client.Start())
	m.eventually(t, func() bool { return output.String() == "ready\n" })
	check(t, client.Process.Signal(syscall.SIGUSR1))
	_ = client.Wait()
	expect(t, client.ProcessState.ExitCode(), 5)
	expect(t, output.String(), "ready\ncaught\n")
	client = m.client("sleep", "1000")
	check(t, client.Start())
	m.eventually(t, func() bool { output, _, _ := m.exec(nil, "ps"); return strings.Contains(output, "sleep 1000") })
	check(t, client.Process.Signal(syscall.SIGTERM))
	_ = client.Wait()
	expect(t, client.ProcessState.ExitCode(), 143)
}

func (m *testMachine) tryStreams(t *testing.T) {
	unread := m.client("sh", "-c", "yes unread | head -c 1000000; echo end >&2; echo last")
	slow, err := unread.StdoutPipe()
	check(t, err)
	errors := &shared{}
	unread.Stderr = errors
	check(t, unread.Start())
	began := time.Now()
	sum := sha256.New()
	fast := m.client("sh", "-c", "yes 0123456789abcdef | head -c 50000000")
	fast.Stdout = sum
	check(t, fast.Run())
	expected := sha256.New()
	_, _ = io.CopyN(expected, repeating("0123456789abcdef\n"), 50_000_000)
	expect(t, fmt.Sprintf("%x", sum.Sum(nil)), fmt.Sprintf("%x", expected.Sum(nil)))
	t.Log("50 MB took", time.Since(began))
	// Nobody read it, so it wrote no more than fits on the way.
	expect(t, errors.String(), "")
	all, err := io.ReadAll(slow)
	check(t, err)
	expect(t, len(all), 1_000_005)
	expect(t, strings.HasSuffix(string(all), "last\n"), true)
	check(t, unread.Wait())
	expect(t, errors.String(), "end\n")

	big := pattern(10_000_000)
	output, _, code := m.exec(bytes.NewReader(big), "sha256sum")
	expect(t, code, 0)
	expect(t, output, fmt.Sprintf("%x  -\n", sha256.Sum256(big)))
	// Input that is not taken, and output that nobody takes any more.
	output, _, code = m.exec(bytes.NewReader(big), "echo", "done")
	expect(t, output, "done\n")
	expect(t, code, 0)
	closed := m.client("yes")
	reading, err := closed.StdoutPipe()
	check(t, err)
	check(t, closed.Start())
	_, _ = reading.Read(make([]byte, 100))
	reading.Close()
	_ = closed.Wait()
	if code := closed.ProcessState.ExitCode(); code != 141 && code != 1 {
		t.Error("the exit code is", code)
	}
}

func (m *testMachine) tryTerminal(t *testing.T) {
	terminal, other := openTestTerminal(t)
	defer terminal.Close()
	resize(t, terminal, 33, 77)
	client := m.client("--terminal", "--", "sh", "-c",
		`trap 'stty size' WINCH; stty size; tty; until read line; do :; done; echo "got $line" >/dev/tty; exit 6`)
	client.Stdin, client.Stdout, client.Stderr = other, other, other
	client.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	check(t, client.Start())
	other.Close()
	seen := &shared{}
	go func() { _, _ = io.Copy(seen, terminal) }()
	m.eventually(t, func() bool { return strings.Contains(seen.String(), "/dev/pts/0") })
	contains(t, seen.String(), "33 77\r\n")
	resize(t, terminal, 44, 88)
	m.eventually(t, func() bool { return strings.Contains(seen.String(), "44 88\r\n") })
	_, err := terminal.Write([]byte("line\r"))
	check(t, err)
	_ = client.Wait()
	expect(t, client.ProcessState.ExitCode(), 6)
	m.eventually(t, func() bool { return strings.Contains(seen.String(), "got line\r\n") })
}

// tryHangingFile has a lease on a file, which makes whoever opens it wait in the host's kernel.
func (m *testMachine) tryHangingFile(t *testing.T) {
	const setLease, getLease, writing, none = 1024, 1025, 1, 2
	check(t, os.WriteFile(m.path("root/tmp/leased"), []byte("waited for\n"), 0o644))
	leased, err := os.OpenFile(m.path("root/tmp/leased"), os.O_RDWR, 0)
	check(t, err)
	defer leased.Close()
	lease := func(command, kind uintptr) uintptr {
		result, _, failure := syscall.Syscall(syscall.SYS_FCNTL, leased.Fd(), command, kind)
		if failure != 0 {
			t.Fatal(failure)
		}
		return result
	}
	lease(setLease, writing)
	// More than there are processors, and fewer than may wait.
	var waiting []*exec.Cmd
	var outputs []*shared
	for i := 0; i < 4; i++ {
		client, output := m.client("cat", "/tmp/leased"), &shared{}
		client.Stdout = output
		check(t, client.Start())
		waiting, outputs = append(waiting, client), append(outputs, output)
	}
	m.eventually(t, func() bool { return lease(getLease, 0) != writing })
	began := time.Now()
	check(t, os.WriteFile(m.path("root/tmp/beside"), []byte("at once\n"), 0o644))
	m.expectExec(t, 0, "at once\n", "sh", "-c", "cat /tmp/beside; echo x >/tmp/beside-too")
	if time.Since(began) > 30*time.Second {
		t.Error("it took", time.Since(began))
	}
	lease(setLease, none)
	for i, client := range waiting {
		check(t, client.Wait())
		expect(t, outputs[i].String(), "waited for\n")
	}
}

func (m *testMachine) tryKill(t *testing.T) {
	client := m.client("sh", "-c", "(setsid sh -c 'sleep 8765 & sleep 8765' &); trap '' TERM HUP; echo begun; sleep 8765")
	output := &shared{}
	client.Stdout = output
	check(t, client.Start())
	count := func() string { output, _, _ := m.exec(nil, "sh", "-c", "ps | grep -c '[s]leep 8765$'"); return output }
	m.eventually(t, func() bool { return output.String() == "begun\n" && count() == "3\n" })
	check(t, client.Process.Kill())
	_ = client.Wait()
	m.eventually(t, func() bool { return count() == "0\n" })
}

func (m *testMachine) tryNetwork(t *testing.T, peer *exec.Cmd) {
	output, _, _ := m.exec(nil, "sh", "-c", "ip addr show eth0; ip route; ip neigh; cat /proc/sys/net/ipv6/conf/all/disable_ipv6")
	for _, part := range []string{
		"inet 192.0.2.2/32", "link/ether 02:00:00:00:00:02", "mtu 1400", "default via 169.254.1.1", "lladdr 02:00:00:00:00:01",
	} {
		contains(t, output, part)
	}
	there := func(command ...string) *exec.Cmd {
		return exec.Command("nsenter", append([]string{"-t", fmt.Sprint(peer.Process.Pid), "-n"}, command...)...)
	}
	page := pattern(2_000_000)
	check(t, os.WriteFile(filepath.Join(m.made, "work", "page"), page, 0o644))
	server := there(filepath.Join(m.made, "busybox"), "httpd", "-f", "-p", "80", "-h", filepath.Join(m.made, "work"))
	check(t, server.Start())
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	m.expectExec(t, 0, fmt.Sprintf("%x  -\n", sha256.Sum256(page)), "sh", "-c",
		"for i in 1 2 3 4 5; do wget -q -O /tmp/page http://198.51.100.1/page && break; sleep 1; done; sha256sum </tmp/page")
	m.expectExec(t, 0, "", "sh", "-c", "httpd -p 8080 -h /tmp")
	m.eventually(t, func() bool {
		got, err := there(filepath.Join(m.made, "busybox"), "wget", "-q", "-O", "-", "http://192.0.2.2:8080/page").Output()
		return err == nil && bytes.Equal(got, page)
	})
}

// connect makes an interface as a fence does, with a tap beside it, and gives what is in the network at the other end.
func connect(t *testing.T, made string) *exec.Cmd {
	check(t, syscall.Mount(filepath.Join(made, "tun"), "/dev/net/tun", "", syscall.MS_BIND, ""))
	peer := exec.Command("unshare", "--net", "sleep", "infinity")
	peer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(t, peer.Start())
	t.Cleanup(func() { _ = peer.Process.Kill(); _ = peer.Wait() })
	own, err := os.Readlink("/proc/self/ns/net")
	check(t, err)
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if its, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", peer.Process.Pid)); its != own {
			break
		}
	}
	script := fmt.Sprintf(`
		ip link set lo up
		ip link add eth0 mtu 1400 address 02:00:00:00:00:02 type veth peer name peer0 mtu 1400 address 02:00:00:00:00:01 netns %[1]d
		ip addr add 192.0.2.2/32 dev eth0
		ip link set eth0 up
		ip route add 169.254.1.1 dev eth0 scope link
		ip route add default via 169.254.1.1 dev eth0
		ip neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
		ip tuntap add tap0 mode tap user %[2]s vnet_hdr
		ip link set tap0 mtu 1400 up
		for way in 'eth0 tap0' 'tap0 eth0'; do
			set -- $way
			tc qdisc add dev $1 ingress
			tc filter add dev $1 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev $2
		done
		nsenter -t %[1]d -n sh -ec '
			ip link set lo up
			ip addr add 198.51.100.1/32 dev lo
			ip link set peer0 up
			ip route add 192.0.2.2 dev peer0 src 198.51.100.1
			ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev peer0 nud permanent'`, peer.Process.Pid, agent)
	made2, err := exec.Command("sh", "-ec", script).CombinedOutput()
	if err != nil {
		t.Fatal(err, string(made2))
	}
	return peer
}

// testMachine is a machine's folder, and the monitor that runs it.
type testMachine struct {
	test           *testing.T
	made, folder   string
	process        *exec.Cmd
	output, errors *shared
}

func newMachine(t *testing.T, made, name string, mebibytes int64, command ...string) *testMachine {
	m := &testMachine{test: t, made: made, folder: filepath.Join(made, "work", name), output: &shared{}, errors: &shared{}}
	for _, folder := range []string{"", "run", "root", "root/bin", "root/proc", "root/sys", "root/dev", "root/tmp", "root/fixed", "root/of-root"} {
		check(t, os.Mkdir(m.path(folder), 0o755))
	}
	for _, name := range []string{"kernel", "initrd", "monitor", "virtiofsd"} {
		check(t, os.Symlink(filepath.Join(made, name), m.path(name)))
	}
	check(t, os.Symlink(filepath.Join(made, "tun"), m.path("tun")))
	copyFile(t, filepath.Join(made, "busybox"), m.path("root/bin/busybox"))
	programs, err := exec.Command(m.path("root/bin/busybox"), "--list").Output()
	check(t, err)
	for _, program := range strings.Fields(string(programs)) {
		if program != "busybox" {
			check(t, os.Symlink("busybox", m.path("root/bin/"+program)))
		}
	}
	for _, writable := range []string{"root/tmp", "root/fixed"} {
		check(t, os.Chmod(m.path(writable), 0o1777))
	}
	check(t, syscall.Mount(m.path("root/fixed"), m.path("root/fixed"), "", syscall.MS_BIND, ""))
	check(t, syscall.Mount("", m.path("root/fixed"), "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	check(t, os.WriteFile(m.path("root/of-root/there"), nil, 0o644))
	check(t, os.WriteFile(m.path("root/of-root/secret"), []byte("secret"), 0o600))
	check(t, os.Chmod(m.path("run"), 0o777))
	qemu := map[string]string{"amd64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}[runtime.GOARCH]
	path, err := exec.LookPath(qemu)
	check(t, err)
	configuration, err := json.Marshal(map[string]interface{}{
		"qemu": path, "accelerator": "tcg", "memoryBytes": mebibytes << 20, "processors": 2, "tasks": 48, "openFiles": 512,
		"hostname": "machine", "user": 65500, "group": 65500, "groups": []int{65500, 4242}, "workingDirectory": "/tmp",
		"command": command, "interface": "eth0",
	})
	check(t, err)
	check(t, os.WriteFile(m.path("config.json"), configuration, 0o644))
	return m
}

func (m *testMachine) path(name string) string { return filepath.Join(m.folder, name) }

func (m *testMachine) asAgent(arguments ...string) *exec.Cmd {
	own := []string{"--reuid", agent, "--regid", agent, "--clear-groups", "--no-new-privs", "--bounding-set=-all", m.path("monitor")}
	command := exec.Command("setpriv", append(own, arguments...)...)
	command.Env = []string{"PATH=/bin", "GIVEN=by the test"}
	return command
}

func (m *testMachine) start(input io.Reader) {
	m.process = m.asAgent("run", "--machine", m.folder)
	m.process.Stdin, m.process.Stdout, m.process.Stderr = input, m.output, m.errors
	m.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(m.test, m.process.Start())
	m.test.Cleanup(func() { _ = m.process.Process.Kill() })
}

func (m *testMachine) wait() int {
	_ = m.process.Wait()
	return m.process.ProcessState.ExitCode()
}

func (m *testMachine) client(arguments ...string) *exec.Cmd {
	own := []string{"exec", "--machine", m.folder}
	if arguments[0] != "--terminal" {
		own = append(own, "--")
	}
	return m.asAgent(append(own, arguments...)...)
}

func (m *testMachine) exec(input io.Reader, arguments ...string) (output, errors string, code int) {
	client := m.client(arguments...)
	var out, err bytes.Buffer
	client.Stdin, client.Stdout, client.Stderr = input, &out, &err
	if failure := client.Run(); failure != nil && client.ProcessState == nil {
		m.test.Fatal(failure)
	}
	return out.String(), err.String(), client.ProcessState.ExitCode()
}

func (m *testMachine) expectExec(t *testing.T, code int, output string, arguments ...string) {
	t.Helper()
	out, errors, ended := m.exec(nil, arguments...)
	if out != output || ended != code {
		t.Fatalf("%q ended with %d, wrote %q and the errors %q; the machine said %q", arguments, ended, out, errors, m.errors.String())
	}
}

func (m *testMachine) eventually(t *testing.T, is func() bool) {
	t.Helper()
	for until := time.Now().Add(60 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatal("it didn't happen; the machine wrote", m.output.String(), m.errors.String())
}

// memory is what QEMU has of it.
func (m *testMachine) memory() string {
	said, _ := exec.Command("sh", "-c", "grep -hs -A2 ^VmRSS $(grep -ls '^Name:.qemu' /proc/[0-9]*/status)").Output()
	return "QEMU's memory: " + strings.Join(strings.Fields(string(said)), " ")
}
