package dev.agentcontainers.nodeagent.linux.strength;

import static dev.agentcontainers.nodeagent.linux.program.CallProgram.value;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.O_NONBLOCK;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.none;
import static dev.agentcontainers.nodeagent.linux.strength.Attempts.probe;

import dev.agentcontainers.nodeagent.linux.program.CallProgram;
import dev.agentcontainers.nodeagent.linux.program.CallProgram.Answer;
import dev.agentcontainers.nodeagent.linux.program.SystemCall;
import dev.agentcontainers.nodeagent.linux.strength.network.Packet;
import dev.agentcontainers.nodeagent.linux.strength.network.Packet.Destination;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** At what listens on the host, and at networks. */
final class SocketProbes {
    /** The attempts go on where nobody is at the other end (MSG_NOSIGNAL). */
    private static final int NO_SIGNAL = 0x4000;

    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int AF_PACKET = 17;
    private static final int AF_TIPC = 30;
    private static final int AF_ALG = 38;
    private static final int AF_VSOCK = 40;
    private static final int SOCK_STREAM_NONBLOCK = 1 | O_NONBLOCK;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_SEQPACKET = 5;
    private static final int ALL_PROTOCOLS = 0x0300;

    private SocketProbes() {}

    static List<SurveyProbe> sockets(KernelProbes kernel) {
        return List.of(
                probe("abstract-socket-of-host", (program, bait) -> {
                    Answer connected = connect(program, AF_UNIX, HostCalls.address(bait.abstractName()));
                    return witness -> unreached(bait.isAbstractSocketReached(), witness.answer(connected));
                }),
                probe("socket-file-of-host", (program, bait) -> {
                    if (bait.socketFile().isEmpty()) {
                        return witness -> Judgement.notApplicable("nothing can be made in the host's /var/tmp");
                    }
                    Answer connected = connect(
                            program,
                            AF_UNIX,
                            HostCalls.address(bait.socketFile().get().toString()));
                    return witness -> unreached(bait.isPathSocketReached(), witness.answer(connected));
                }),
                probe("loopback-of-host", (program, bait) -> {
                    Answer connected = connect(program, AF_INET, ipv4(new byte[] {127, 0, 0, 1}, bait.loopbackPort()));
                    return witness -> unreached(bait.isLoopbackReached(), witness.answer(connected));
                }),
                probe("network-before-the-fence", (program, bait) -> {
                    Answer metadata = connect(
                            program, AF_INET, ipv4(new byte[] {(byte) 169, (byte) 254, (byte) 169, (byte) 254}, 80));
                    return witness -> {
                        boolean own = !witness.hasHosts("net");
                        // Some kernels put interfaces that lead nowhere into each network.
                        return Judgement.of(
                                own && Errors.isError(witness.answer(metadata)),
                                "its network is %s; to the address of cloud metadata: %s"
                                        .formatted(
                                                own ? "its own" : "the host's",
                                                Errors.describe(witness.answer(metadata))));
                    };
                }),
                probe("raw-sockets", (program, bait) -> {
                    Answer raw = program.call(SystemCall.SOCKET, value(AF_INET), value(SOCK_RAW), value(255));
                    Answer packet =
                            program.call(SystemCall.SOCKET, value(AF_PACKET), value(SOCK_RAW), value(ALL_PROTOCOLS));
                    return witness -> {
                        int found = witness.sockets("raw") + witness.sockets("packet");
                        return Judgement.of(
                                found == 0,
                                "raw and packet sockets in its network: %d; socket: %s and %s"
                                        .formatted(
                                                found,
                                                Errors.describe(witness.answer(raw)),
                                                Errors.describe(witness.answer(packet))));
                    };
                }),
                probe("rare-sockets", (program, bait) -> {
                    List<Answer> opened = List.of(
                            program.call(SystemCall.SOCKET, value(AF_VSOCK), value(SOCK_STREAM_NONBLOCK), value(0)),
                            program.call(SystemCall.SOCKET, value(AF_ALG), value(SOCK_SEQPACKET), value(0)),
                            program.call(SystemCall.SOCKET, value(AF_TIPC), value(SOCK_DGRAM), value(0)));
                    return none(
                            kernel,
                            opened,
                            file -> file.link().startsWith("socket:"),
                            "a socket to the machine below, or into the kernel");
                }));
    }

    private static Judgement unreached(boolean reached, long answer) {
        return Judgement.of(
                !reached,
                (reached ? "the host was reached" : "the host saw no connection") + ": " + Errors.describe(answer));
    }

    /** Connects, and says something. */
    private static Answer connect(CallProgram program, int family, byte[] address) {
        return say(program, family, SOCK_STREAM_NONBLOCK, address, "x");
    }

    static void connectByIpv6(CallProgram program, byte[] address, int port) {
        connect(program, AF_INET6, ipv6(address, port));
    }

    /** The same, by the protocol of the destination. */
    static void connect(CallProgram program, Destination to) {
        say(program, to, "x");
    }

    static void say(CallProgram program, Destination to, String words) {
        int kind = to.protocol() == Packet.TCP ? SOCK_STREAM_NONBLOCK : SOCK_DGRAM | O_NONBLOCK;
        say(program, AF_INET, kind, ipv4(to.address().bytes(), to.port()), words);
    }

    private static Answer say(CallProgram program, int family, int kind, byte[] address, String words) {
        Answer socket = program.call(SystemCall.SOCKET, value(family), value(kind), value(0));
        Answer connected = program.call(SystemCall.CONNECT, socket, program.bytes(address), value(address.length));
        program.call(
                SystemCall.SENDTO,
                socket,
                program.text(words),
                value(words.length()),
                value(NO_SIGNAL),
                value(0),
                value(0));
        return connected;
    }

    /** The {@code struct sockaddr_in6}. */
    private static byte[] ipv6(byte[] address, int port) {
        ByteBuffer bytes = ByteBuffer.allocate(28).order(ByteOrder.nativeOrder());
        bytes.putShort((short) AF_INET6);
        bytes.order(ByteOrder.BIG_ENDIAN).putShort((short) port).putInt(0).put(address);
        return bytes.array();
    }

    private static byte[] ipv4(byte[] address, int port) {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
        bytes.putShort((short) AF_INET);
        bytes.order(ByteOrder.BIG_ENDIAN).putShort((short) port).put(address);
        return bytes.array();
    }
}
