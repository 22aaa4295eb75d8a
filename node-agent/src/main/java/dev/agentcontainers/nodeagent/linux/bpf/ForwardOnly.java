package dev.agentcontainers.nodeagent.linux.bpf;

import java.nio.ByteOrder;

/**
 * A program that drops every packet that the machine would not forward: what is for the machine itself, for broadcast or
 * multicast, what has no route, and what is not IPv4. It asks the kernel's own routing for each packet, so that it knows
 * every address of the machine at every moment.
 */
public final class ForwardOnly {
    /** Changes with the program. */
    public static final String NAME = "ac_forward_1";

    private static final int PASS = 0;
    private static final int DROP = 2;
    private static final int SKB_LOAD_BYTES = 26;
    private static final int FIB_LOOKUP = 69;
    private static final int CONTEXT_PROTOCOL = 16;
    private static final int CONTEXT_INTERFACE = 40;
    private static final int IP_SOURCE = 14 + 12;
    private static final int IP_DESTINATION = 14 + 16;
    private static final int AF_INET = 2;
    private static final int FORWARDED = 0;
    private static final int BY_A_TUNNEL = 6;
    private static final int NO_NEIGHBOUR = 7;
    private static final int TOO_LARGE = 8;

    /** struct bpf_fib_lookup, on the stack. */
    private static final int LOOKUP_SIZE = 64;

    private static final int LOOKUP_INTERFACE = 8;
    private static final int LOOKUP_SOURCE = 16;
    private static final int LOOKUP_DESTINATION = 32;
    private static final int STACK = 10;
    private static final int CONTEXT = 6;

    private ForwardOnly() {}

    public static byte[] program() {
        Program program = new Program().move(CONTEXT, 1).load(7, CONTEXT, CONTEXT_PROTOCOL);
        for (int offset = -LOOKUP_SIZE; offset < 0; offset += 8) {
            program.clear(STACK, offset);
        }
        program.answerUnless(7, ipv4(), DROP).storeByte(STACK, -LOOKUP_SIZE, AF_INET);
        program.load(2, CONTEXT, CONTEXT_INTERFACE).store(STACK, -LOOKUP_SIZE + LOOKUP_INTERFACE, 2);
        copy(program, IP_SOURCE, LOOKUP_SOURCE);
        copy(program, IP_DESTINATION, LOOKUP_DESTINATION);
        program.move(1, CONTEXT)
                .move(2, STACK)
                .add(2, -LOOKUP_SIZE)
                .set(3, LOOKUP_SIZE)
                .set(4, 0)
                .call(FIB_LOOKUP);
        return program.answerIf(0, FORWARDED, PASS)
                .answerIf(0, BY_A_TUNNEL, PASS)
                .answerIf(0, NO_NEIGHBOUR, PASS)
                .answerIf(0, TOO_LARGE, PASS)
                .answer(DROP)
                .toBytes();
    }

    /** Copies an address of the packet into the question; drops a packet that is too short for that. */
    private static void copy(Program program, int from, int to) {
        program.move(1, CONTEXT)
                .set(2, from)
                .move(3, STACK)
                .add(3, -LOOKUP_SIZE + to)
                .set(4, 4)
                .call(SKB_LOAD_BYTES)
                .answerUnless(0, 0, DROP);
    }

    /** ETH_P_IP in network order, as the context has it. */
    private static int ipv4() {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 0x0008 : 0x0800;
    }
}
