package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Denied;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Files;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Attacks on the sandbox, each a test: what an agent tries, and that the effect does not happen. */
@Tag("node")
@Tag("runtime")
@Timeout(120)
class ConfinementIT {
    /** Prints each path that can be read or listed although it must not. */
    private static final String LEAKS =
            "for p in %s; do if head -c1 \"$p\" >/dev/null 2>&1 || ls -A \"$p\" 2>/dev/null | grep -q .; then echo"
                    + " LEAK $p; fi; done";

    private static TestNode node;

    @BeforeAll
    static void startNode() throws Exception {
        node = TestNode.start();
    }

    @AfterAll
    static void closeNode() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    @Test
    void secretsOfTheHostAreNotThere() throws Exception {
        String paths = String.join(
                " ",
                "/root",
                "/home",
                "/etc/shadow",
                "/etc/shadow-",
                "/etc/gshadow",
                "/etc/sudoers",
                "/etc/sudoers.d",
                "/etc/ssh/ssh_host_rsa_key",
                "/etc/ssh/ssh_host_ed25519_key",
                "/etc/ssl/private",
                "/etc/kubernetes",
                "/var/lib",
                "/var/run/docker.sock",
                "/run/docker.sock",
                "/run/containerd",
                "/run/crun",
                "/srv",
                "/mnt",
                "/boot",
                "/tmp",
                "/work",
                "/container_info.json",
                node.settings().stateDirectory().toString(),
                node.settings().runDirectory().toString());
        assertThat(node.outputOf(LEAKS.formatted(paths) + "; ls -A / | tr '\\n' ' '"))
                .doesNotContain("LEAK")
                .doesNotContain("container_info");
    }

    /** The folder of that name is the agent's own, whatever the host has there. */
    @Test
    @Tag("one-driver")
    void whomToTrustIsAllThatTheAgentSeesOfTheNodesOwn() throws Exception {
        assertThat(
                        node.outputOf(
                                "ls -A /etc/agentcontainers; cd /etc/agentcontainers/trust; ls -A;"
                                        + " echo $SSL_CERT_FILE; readlink -f /etc/ssl/certs/ca-certificates.crt; (: >x) 2>/dev/null || echo closed"))
                .isEqualTo("trust\nauthority.crt\nbundle.crt\ncacerts\n/etc/agentcontainers/trust/bundle.crt\n"
                        + "/etc/agentcontainers/trust/bundle.crt\nclosed");
    }

    @Test
    void theMachineIdIsNotTheHosts() throws Exception {
        Path host = Path.of("/etc/machine-id");
        String agents = node.outputOf("cat /etc/machine-id");
        assertThat(agents).hasSize(32);
        if (java.nio.file.Files.exists(host)) {
            assertThat(agents).isNotEqualTo(java.nio.file.Files.readString(host).trim());
        }
    }

    @Test
    void ownFilesStandInEtc() throws Exception {
        assertThat(node.outputOf("hostname; cat /etc/hostname /etc/resolv.conf; grep agent-host /etc/hosts"))
                .isEqualTo("agent-host\nagent-host\nnameserver 169.254.1.1\n127.0.1.1 agent-host");
    }

    @Test
    @Tag("one-driver")
    void nothingButWorkspaceAndTmpIsWritable() throws Exception {
        String script = "for d in / /etc /usr /usr/bin /opt /var /run /home /root /workspace /tmp /sys /sys/fs /proc"
                + " /proc/sys/kernel /dev /dev/shm; do (: > $d/probe) 2>/dev/null && echo writable $d; done; mount"
                + " -o remount,rw / 2>/dev/null && echo remounted; echo end";
        assertThat(node.outputOf(script, new Workspace("/workspace", true)))
                .isEqualTo("writable /workspace\nwritable /tmp\nwritable /dev\nwritable /dev/shm\nend");
    }

    @Test
    @Tag("one-driver")
    void writableMountsAreOnlyThoseOfTheAgent() throws Exception {
        String script = "cat /proc/self/mountinfo";
        List<String> lines =
                node.outputOf(script, new Workspace("/workspace", true)).lines().toList();
        assertThat(lines.stream()
                        .filter(line -> line.split(" ")[5].startsWith("rw"))
                        // runc's way to mask a file: what is written there is gone.
                        .filter(line -> !line.matches("\\S+ \\S+ \\S+ /null /proc/.*"))
                        .map(line -> line.split(" ")[4]))
                .containsExactlyInAnyOrder(
                        "/tmp",
                        "/workspace",
                        "/proc",
                        "/dev",
                        "/dev/pts",
                        "/dev/shm",
                        "/dev/mqueue",
                        "/dev/null",
                        "/dev/zero",
                        "/dev/full",
                        "/dev/tty",
                        "/dev/random",
                        "/dev/urandom");
    }

    @Test
    @Tag("shared-machine")
    void itHasNoPrivilegeAndASystemCallFilter() throws Exception {
        assertThat(node.outputOf("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -s '\\t' ' '"))
                .isEqualTo("""
                    CapInh: 0000000000000000
                    CapPrm: 0000000000000000
                    CapEff: 0000000000000000
                    CapBnd: 0000000000000000
                    CapAmb: 0000000000000000
                    NoNewPrivs: 1
                    Seccomp: 2\
                    """);
    }

    @Test
    @Tag("host-kernel")
    void itsUserIsNobodyOnTheHost() throws Exception {
        SandboxSpec spec = TestNode.shell("tr -s ' ' < /proc/self/uid_map; tr -s ' ' < /proc/self/gid_map; id -u");
        assertThat(node.outputOf(spec)).matches(" 0 3000\\d+ 65536\n 0 3000\\d+ 65536\n0");
    }

    @Test
    void twoAgentsHaveNoIdInCommon() throws Exception {
        SandboxSpec one = TestNode.shell("sleep 100");
        SandboxSpec other = TestNode.shell("sleep 100");
        node.begin(one);
        node.begin(other);
        try {
            assertThat(ownerOf(one)).isNotEqualTo(ownerOf(other));
        } finally {
            node.driver().purge(one.id());
            node.driver().purge(other.id());
        }
    }

    private static Object ownerOf(SandboxSpec spec) throws Exception {
        return switch (node.driver().state(spec.id())) {
            case dev.agentcontainers.nodeagent.sandbox.SandboxState.Running running ->
                java.nio.file.Files.getAttribute(
                        Path.of("/proc/" + running.network().pid()), "unix:uid");
            default -> throw new AssertionError("not running");
        };
    }

    @Test
    void nestedUserNamespaceIsRefused() throws Exception {
        assertThat(node.outputOf("unshare -U true 2>&1; unshare -r id 2>&1; unshare -n true 2>&1; true"))
                .contains("unshare failed")
                .doesNotContain("uid=0");
    }

    /** Each system call with arguments that would work for somebody who may. */
    @Test
    @Tag("shared-machine")
    void dangerousSystemCallsAreRefused() throws Exception {
        String script = """
            import ctypes, errno, os, platform
            libc = ctypes.CDLL(None, use_errno=True)
            def call(name, number, *args):
                ctypes.set_errno(0)
                result = libc.syscall(number, *args)
                error = ctypes.get_errno()
                print(name, 'REFUSED' if result == -1 and error in (errno.EPERM, errno.ENOSYS) else f'ALLOWED {result} {error}')
            call('keyctl', 250, 0, -3, 0)
            call('add_key', 248, b'user', b'a', b'b', 1, -2)
            call('request_key', 249, b'user', b'a', None, 0)
            call('bpf', 321, 0, None, 0)
            call('perf_event_open', 298, None, 0, -1, -1, 0)
            call('io_uring_setup', 425, 1, None)
            call('userfaultfd', 323, 0)
            call('mount', 165, b'none', b'/tmp', b'tmpfs', 0, None)
            call('umount2', 166, b'/tmp', 2)
            call('fsopen', 430, b'tmpfs', 0)
            call('open_tree', 428, -100, b'/', 1)
            call('mount_setattr', 442, -100, b'/usr', 0, None, 0)
            call('pivot_root', 155, b'/', b'/tmp')
            call('unshare user', 272, 0x10000000)
            call('unshare net', 272, 0x40000000)
            call('clone user', 56, 0x10000000 | 17, 0, 0, 0, 0)
            call('clone3', 435, None, 0)
            call('setns', 308, 0, 0)
            call('ptrace', 101, 0, 0, 0, 0)
            call('process_vm_readv', 310, 1, None, 0, None, 0, 0)
            call('kexec_load', 246, 0, 0, None, 0)
            call('init_module', 175, None, 0, b'')
            call('finit_module', 313, 0, b'', 0)
            call('delete_module', 176, b'x', 0)
            call('open_by_handle_at', 304, 0, None, 0)
            call('pidfd_getfd', 438, 0, 0, 0)
            call('reboot', 169, 0, 0, 0, None)
            call('settimeofday', 164, None, None)
            call('clock_settime', 227, 0, None)
            call('swapon', 167, b'/tmp/x', 0)
            call('chroot', 161, b'/tmp')
            call('mknod', 133, b'/tmp/dev', 0o20666, 0x0101)
            call('syslog', 103, 10, None, 0)
            call('iopl', 172, 3)
            call('quotactl', 179, 0, None, 0, None)
            call('acct', 163, None)
            call('fanotify_init', 300, 0, 0)
            call('socket packet', 41, 17, 3, 0)
            call('socket vsock', 41, 40, 1, 0)
            call('socket netfilter', 41, 16, 3, 12)
            call('socket alg', 41, 38, 5, 0)
            call('socket bluetooth', 41, 31, 3, 0)
            call('socket raw', 41, 2, 3, 255)
            call('socket tipc', 41, 30, 1, 0)
            for name, args in (('unix', (1, 1, 0)), ('inet', (2, 1, 0)), ('inet6', (10, 2, 0)), ('route', (16, 3, 0))):
                print(name, 'usable' if libc.socket(*args) >= 0 else 'UNUSABLE')
            """;
        assertThat(node.outputOf(python(script)))
                .doesNotContain("ALLOWED")
                .doesNotContain("UNUSABLE")
                .contains("clone3 REFUSED");
    }

    /** What programs do with their files, each where it may; a kernel that is asked for too little would refuse some of it. */
    @Test
    @Tag("one-driver")
    void nothingThatProgramsDoIsLostBehindTheSecondFence() throws Exception {
        String script = """
            import ctypes, multiprocessing, os, pty, socket, subprocess, termios
            libc = ctypes.CDLL(None, use_errno=True)
            def check(answer):
                if answer < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            def write(path, text, mode='w'):
                with open(path, mode) as file: file.write(text)
            def temporary():
                fd = os.open('a', os.O_TMPFILE | os.O_RDWR, 0o600)
                check(libc.linkat(-100, b'/proc/self/fd/%d' % fd, -100, b'b/linked', 0x400))
            def reopened():
                fd = os.open('gone', os.O_CREAT | os.O_RDWR)
                os.unlink('gone')
                os.open('/proc/self/fd/%d' % fd, os.O_RDWR)
            def script():
                write('a/script', '#!/bin/sh\\nexit 7\\n')
                os.chmod('a/script', 0o755)
                assert subprocess.call(['a/script']) == 7
            def memory():
                fd = os.memfd_create('m', 0)
                os.write(fd, open('/bin/true', 'rb').read())
                assert subprocess.call(['/proc/self/fd/%d' % fd], pass_fds=[fd]) == 0
            def terminal():
                ours, theirs = pty.openpty()
                termios.tcgetattr(os.open(os.ttyname(theirs), os.O_RDWR | os.O_NOCTTY))
            def attempt(what, done):
                try: done()
                except Exception as failure: print(os.getcwd(), what, repr(failure))
            for place in ('/workspace', '/tmp', '/dev/shm'):
                os.chdir(place)
                for folder in ('a', 'b', 'a/inner'): os.mkdir(folder)
                attempt('write', lambda: write('a/file', 'text'))
                attempt('append', lambda: write('a/file', 'more', 'a'))
                attempt('truncate', lambda: os.truncate('a/file', 1))
                attempt('move a file', lambda: os.rename('a/file', 'b/file'))
                attempt('move a directory', lambda: os.rename('a/inner', 'b/inner'))
                attempt('link', lambda: os.link('b/file', 'a/other'))
                attempt('exchange', lambda: check(libc.renameat2(-100, b'a/other', -100, b'b/file', 2)))
                attempt('symbolic link', lambda: os.symlink('b/file', 'link'))
                attempt('socket', lambda: socket.socket(socket.AF_UNIX).bind(place + '/a/socket'))
                attempt('temporary file', temporary)
                attempt('removed file', reopened)
                attempt('remove', lambda: (os.unlink('a/other'), os.rmdir('b/inner')))
            os.chdir('/tmp')
            attempt('script', script)
            attempt('program in memory', memory)
            attempt('terminal', terminal)
            attempt('message queue', lambda: check(libc.mq_open(b'/queue', os.O_CREAT | os.O_RDWR, 0o600, None)))
            attempt('semaphore', lambda: multiprocessing.Pool(2).map(abs, [1, -2]))
            attempt('name', lambda: write('/proc/self/comm', 'name'))
            attempt('null', lambda: write('/dev/null', 'x'))
            attempt('standard input', lambda: open('/dev/stdin').read())
            attempt('pipe', lambda: os.open('/proc/self/fd/%d' % os.pipe()[1], os.O_WRONLY))
            attempt('own network', lambda: open('/proc/self/ns/net').close())
            attempt('directory in /dev', lambda: os.mkdir('/dev/own'))
            print('done')
            """;
        assertThat(node.outputOf(python(script, new Workspace("/workspace", true))))
                .isEqualTo("done");
    }

    private static SandboxSpec python(String script, ResolvedMount... mounts) {
        return TestNode.spec(
                TestNode.newId(),
                List.of("python3", "-c", script),
                dev.agentcontainers.nodeagent.sandbox.ResourceAmounts.NONE,
                mounts);
    }

    @Test
    @Tag("host-kernel")
    void thirtyTwoBitSystemCallsKillTheAgent() throws Exception {
        String script = """
            import ctypes, mmap
            # mov eax, 20 (getpid); int 0x80; ret
            code = bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3])
            m = mmap.mmap(-1, 4096, prot=7)
            m.write(code)
            f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
            print('pid', f(), flush=True)
            """;
        SandboxSpec spec = python(script);
        int code = node.run(spec).code();
        assertThat(node.output(spec.id())).doesNotContain("pid 1");
        assertThat(code).isNotZero();
        node.driver().purge(spec.id());
    }

    @Test
    @Tag("host-kernel")
    void sysIsReadOnlyAndShowsOnlyItsOwnInterfaces() throws Exception {
        List<String> lines = node.outputOf(
                        "ls /sys/class/net; (echo 1 > /sys/class/net/lo/mtu) 2>/dev/null && echo changed;"
                                + " grep -E '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /sys' /proc/self/mountinfo")
                .lines()
                .toList();
        assertThat(lines.getFirst()).isEqualTo("lo");
        assertThat(lines.subList(1, lines.size()))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line.split(" ")[5]).startsWith("ro,"));
    }

    @Test
    void kernelSettingsCantBeWritten() throws Exception {
        Path setting = Path.of("/proc/sys/kernel/core_pattern");
        String before = java.nio.file.Files.readString(setting);
        // The same value again: the host must stay as it is even where the attack works.
        String output = node.outputOf("cat /proc/sys/kernel/core_pattern > /tmp/same; "
                + "(cat /tmp/same > /proc/sys/kernel/core_pattern) 2>/dev/null && echo WRITTEN;"
                + " (echo h > /proc/sysrq-trigger) 2>/dev/null && cat /proc/sysrq-trigger | wc -c; true");
        assertThat(output).doesNotContain("WRITTEN");
        assertThat(java.nio.file.Files.readString(setting)).isEqualTo(before);
    }

    @Test
    @Tag("shared-machine")
    void processesOfTheHostAreNotSeen() throws Exception {
        assertThat(node.outputOf("ls -d /proc/[0-9]* | wc -l; kill -0 "
                        + ProcessHandle.current().pid() + " 2>/dev/null && echo seen; readlink /proc/1/root"))
                .matches("[1-6]\n/");
    }

    @Test
    @Tag("one-driver")
    void setuidProgramsGiveNothing() throws Exception {
        assertThat(node.outputOf("find / -xdev -perm -4000 2>/dev/null | head -1 > /tmp/f; "
                        + "grep -E ' /usr ' /proc/self/mountinfo | grep -c nosuid"))
                .isEqualTo("1");
    }

    @Test
    @Tag("host-kernel")
    void devicesOfTheHostAreNotThere() throws Exception {
        // Some runtimes make the link core to /proc/kcore, which is masked.
        assertThat(node.outputOf("ls /dev | grep -v '^core$' | tr '\\n' ' '"))
                .isEqualTo("fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero");
    }

    @Test
    void descriptorsOfTheNodeAgentDoNotLeak() throws Exception {
        assertThat(node.outputOf("ls -l /proc/self/fd | grep -vE ' [012] ->|/proc/|total' | wc -l"))
                .isEqualTo("0");
    }

    @Test
    @Tag("host-kernel")
    void mountsOfTheManifestAreInPlace() throws Exception {
        assertThat(node.outputOf(
                        "cat /opt/agent/main.py /secret/token; stat -c %a /opt/agent/main.py /secret/token; ls /opt;"
                                + " ls /usr/share/doc 2>&1 | head -1; echo hi > /workspace/x; cat /workspace/x;"
                                + " ls /workspace/closed 2>&1; ls /etc/ssl 2>&1; (: > /opt/agent/main.py) 2>&1; true",
                        new Workspace("/workspace", true),
                        new Files("/opt/agent", Map.of("main.py", "print()\n".getBytes(UTF_8)), false),
                        new Files("/secret", Map.of("token", "s3cret\n".getBytes(UTF_8)), true),
                        new Denied("/usr/share/doc"),
                        new Denied("/workspace/closed"),
                        new Denied("/etc/ssl"),
                        new Denied("/no/such/thing")))
                .contains("print()\ns3cret\n444\n400\nagent")
                .contains("hi\n")
                .contains("'/usr/share/doc': Permission denied")
                .contains("'/workspace/closed': Permission denied")
                .contains("'/etc/ssl': Permission denied")
                .contains("/opt/agent/main.py: Read-only file system");
    }

    @Test
    void secretsAreInMemoryOnlyAndUnseenByTheHost() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "sleep 100", new Files("/secret", Map.of("token", "s3cret-on-disk?".getBytes(UTF_8)), true));
        node.begin(spec);
        try {
            MountTable host = MountTable.ofThisThread();
            assertThat(host.entries())
                    .noneMatch(mount -> mount.path()
                            .startsWith(node.settings().runDirectory().toString()));
            Process grep = new ProcessBuilder(
                            "grep",
                            "-rl",
                            "s3cret-on-disk",
                            node.settings().stateDirectory().toString(),
                            node.settings().runDirectory().toString())
                    .start();
            assertThat(new String(grep.getInputStream().readAllBytes(), UTF_8)).isEmpty();
        } finally {
            node.driver().purge(spec.id());
        }
    }

    @Test
    void aLinkInTheWorkspaceLeadsNoMountAstray() throws Exception {
        SandboxSpec first = TestNode.shell("ln -s /etc /workspace/inner; echo done", new Workspace("/workspace", true));
        node.run(first);
        node.driver().remove(first.id());
        SandboxSpec second = TestNode.spec(
                first.id(),
                List.of("/bin/true"),
                dev.agentcontainers.nodeagent.sandbox.ResourceAmounts.NONE,
                new Workspace("/workspace", true),
                new Files("/workspace/inner/deep", Map.of("f", new byte[1]), false));
        assertThatThrownBy(() -> node.driver().create(second))
                .hasMessageContaining("a link or file that the agent made");
        assertThat(Path.of("/etc/deep")).doesNotExist();
        node.driver().purge(first.id());
    }

    @Test
    @Tag("host-kernel")
    void pathsOfTheKernelCanOnlyBeDenied() throws Exception {
        SandboxSpec spec = TestNode.shell("true", new Workspace("/proc/sys", true));
        node.driver().prepare(spec);
        assertThatThrownBy(() -> node.driver().create(spec))
                .hasMessageContaining("spec.filesystem.mounts: path '/proc/sys'");
        node.driver().purge(spec.id());
        assertThat(node.outputOf("wc -c < /proc/cpuinfo", new Denied("/proc/cpuinfo")))
                .isEqualTo("0");
    }

    @Test
    void oddNamesAndValuesArriveUnchanged() throws Exception {
        String odd = "zeile1\nzeile2 \"'$(id)` \\ ünï-☃ =";
        SandboxSpec plain = TestNode.spec(
                TestNode.newId(),
                List.of(
                        "python3",
                        "-c",
                        "import sys,os; print(ascii([sys.argv[1:], os.environ['ODD']]))",
                        odd,
                        "",
                        "-x"),
                dev.agentcontainers.nodeagent.sandbox.ResourceAmounts.NONE,
                new Workspace("/wörk space", true));
        SandboxSpec spec = new SandboxSpec(
                plain.id(),
                plain.root(),
                plain.hostname(),
                Map.of(),
                plain.command(),
                "/wörk space",
                Map.of("ODD", odd, "LC_ALL", "C.UTF-8"),
                plain.limits(),
                plain.requests(),
                plain.mounts());
        String literal = "'zeile1\\nzeile2 \"\\'$(id)` \\\\ \\xfcn\\xef-\\u2603 ='";
        assertThat(node.outputOf(spec)).isEqualTo("[[" + literal + ", '', '-x'], " + literal + "]");
    }
}
