package dev.agentcontainers.nodeagent.linux.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.nftables.HostRules;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What parts of the fence ask of the machine, and what they make of refusals. */
class HostPartsTest {
    private static final String PREPARE = "prepare the interface acu-1 for packet programs";
    private static final String ATTACH = "attach the program 'ac_forward_1' to the interface acu-1";
    private static final int EPERM = 1;
    private static final int EAGAIN = 11;
    private static final int EADDRINUSE = 98;

    private final RecordingSystem system = new RecordingSystem();
    private Place host;

    @BeforeEach
    void open() throws IOException {
        host = system.place();
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void theGuardIsLoadedAttachedAndLetGo() throws IOException {
        LocalGuard guard = new LocalGuard(system, host);

        assertThat(guard.ensure(7, "acu-1")).isTrue();

        assertThat(system.route.actions()).containsExactly(PREPARE, ATTACH);
        assertThat(system.programs.calls()).containsExactly("load ac_forward_1", "close 21");
        assertThat(guard.unavailable()).isEmpty();
    }

    @Test
    void anInterfaceThatIsPreparedIsNoTrouble() throws IOException {
        system.route.refuse(PREPARE, NetlinkException.EEXIST);

        assertThat(new LocalGuard(system, host).ensure(7, "acu-1")).isTrue();
    }

    @Test
    void aProgramThatCannotBeAttachedIsLetGoOf() {
        system.route.refuse(ATTACH, EPERM);

        assertThatThrownBy(() -> new LocalGuard(system, host).ensure(7, "acu-1"))
                .isInstanceOf(NetlinkException.class);

        assertThat(system.programs.calls()).endsWith("close 21");
    }

    @Test
    void aKernelWithoutIsAskedOnce() throws IOException {
        system.programs.refuse(EPERM);
        LocalGuard guard = new LocalGuard(system, host);

        assertThat(guard.ensure(7, "acu-1")).isFalse();
        assertThat(guard.ensure(7, "acu-1")).isFalse();

        assertThat(guard.unavailable())
                .hasValueSatisfying(why -> assertThat(why).contains("load ac_forward_1"));
        assertThat(system.programs.calls()).containsExactly("load ac_forward_1");
    }

    /** A signal came while the kernel looked at the program. */
    @Test
    void aPassingTroubleIsTriedAgain() throws IOException {
        system.programs.refuse(EAGAIN);
        LocalGuard guard = new LocalGuard(system, host);
        assertThatThrownBy(() -> guard.ensure(7, "acu-1")).isInstanceOf(IOException.class);
        system.programs.refuse(0);

        assertThat(guard.ensure(7, "acu-1")).isTrue();
    }

    @Test
    void theHostsTableIsWrittenOnceWhileNobodyChangesIt() throws IOException {
        HostTable table = new HostTable(host, HostRules.Family.IP, "fence");

        table.ensure("add table ip fence");
        table.ensure("add table ip fence");
        table.ensure("add table ip fence # another");

        assertThat(system.nftables.transactions())
                .containsExactly("add table ip fence", "add table ip fence # another");
    }

    @Test
    void theNameServersSocketsAreClosedOnce() throws IOException {
        NamespaceSockets sockets = NamespaceSockets.open(host, system.sockets);
        sockets.close();
        sockets.close();

        assertThat(system.sockets.calls())
                .containsExactly(
                        "datagrams at 169.254.1.1:53",
                        "streams at 169.254.1.1:53",
                        "transparent streams at 169.254.1.1:10443",
                        "streams at 169.254.1.1:3128",
                        "close 31",
                        "close 32",
                        "close 33",
                        "close 34");
    }

    @Test
    void halfANameServerIsNone() {
        system.sockets.refuseStreams(EADDRINUSE);

        assertThatThrownBy(() -> NamespaceSockets.open(host, system.sockets)).isInstanceOf(IOException.class);

        assertThat(system.sockets.calls()).endsWith("close 31");
    }

    @Test
    void noCommandsAreNoTransaction() throws IOException {
        host.transaction("\n");

        assertThat(system.nftables.transactions()).isEmpty();
    }

    @Test
    void whatWasOpenedIsClosed() throws IOException {
        system.place().close();

        assertThat(system.nftables.isClosed()).isTrue();
        assertThat(system.namespaces.calls()).endsWith("close 2");
    }
}
