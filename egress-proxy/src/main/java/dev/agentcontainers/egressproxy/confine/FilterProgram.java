package dev.agentcontainers.egressproxy.confine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The filter as a program of classic BPF. What it doesn't know does not exist (ENOSYS), by which libraries fall back to what they
 * did before it did: so threads are made by clone, whose flags can be seen here, and not by clone3. Sources: seccomp(2), the
 * kernel's {@code Documentation/userspace-api/seccomp_filter.rst} and {@code include/uapi/linux/bpf_common.h}.
 */
final class FilterProgram {
    private static final int LOAD_WORD = 0x20;
    private static final int AND = 0x54;
    private static final int IF_EQUAL = 0x15;
    private static final int IF_ANY_BIT = 0x45;
    private static final int RETURN = 0x06;

    private static final int NUMBER = 0;
    private static final int ARCHITECTURE = 4;
    private static final int FIRST_ARGUMENT = 16;

    private static final int KILL = 0x80000000;
    private static final int FAIL = 0x00050000;
    private static final int ALLOW = 0x7fff0000;

    private static final int EPERM = 1;
    private static final int ENOSYS = 38;
    private static final int EPROTONOSUPPORT = 93;
    private static final int EAFNOSUPPORT = 97;

    private static final int UNIX = 1;
    private static final int INET = 2;
    private static final int INET6 = 10;
    private static final int KIND = 0xf;
    private static final int STREAM = 1;
    private static final int DATAGRAM = 2;
    private static final int TCP = 6;
    private static final int UDP = 17;

    private static final int CLONE_THREAD = 0x00010000;

    /** Names of threads (PR_SET_NAME, PR_GET_NAME), names of memory (PR_SET_VMA). */
    private static final int[] PRCTL = {15, 16, 0x53564d41};

    /** TCGETS (isatty), FIONREAD, FIONBIO, FIOCLEX, and what asks for interfaces (SIOCGIFNAME and so on). */
    private static final int[] IOCTL = {
        0x5401, 0x541b, 0x5421, 0x5451, 0x8910, 0x8912, 0x8913, 0x8915, 0x8919, 0x891b, 0x8921, 0x8927, 0x8933
    };

    /** Steps of a program that may be put behind a condition. */
    private final List<Step> steps = new ArrayList<>();

    /**
     * One instruction.
     *
     * @param then how many instructions to skip where the condition holds
     * @param otherwise how many where it doesn't
     */
    record Step(int code, int then, int otherwise, int value) {}

    static List<Step> of(Architecture architecture) {
        FilterProgram program = new FilterProgram();
        program.add(LOAD_WORD, ARCHITECTURE);
        program.unless(architecture.audit(), new FilterProgram().end(KILL));
        program.add(LOAD_WORD, NUMBER);
        for (SystemCall call : SystemCall.values()) {
            int number = call.number(architecture);
            if (number != SystemCall.NONE) {
                program.when(number, decision(call));
            }
        }
        return program.end(FAIL | ENOSYS).steps;
    }

    private static FilterProgram decision(SystemCall call) {
        return switch (call) {
            case SOCKET, SOCKETPAIR -> socket();
            case CLONE -> threads();
            case PRCTL -> with(0, PRCTL);
            case IOCTL -> with(1, IOCTL);
            default -> new FilterProgram().end(ALLOW);
        };
    }

    /** Sockets for the resolvers and for the node agent; none that sees packets of others, and none of what is seldom used. */
    private static FilterProgram socket() {
        FilterProgram protocols = new FilterProgram().argument(2);
        for (int protocol : List.of(0, TCP, UDP)) {
            protocols.when(protocol, new FilterProgram().end(ALLOW));
        }
        protocols.end(FAIL | EPROTONOSUPPORT);
        FilterProgram families = new FilterProgram().argument(0);
        families.when(UNIX, kinds(protocols, STREAM));
        families.when(INET, kinds(protocols, STREAM, DATAGRAM));
        families.when(INET6, kinds(protocols, STREAM, DATAGRAM));
        return families.end(FAIL | EAFNOSUPPORT);
    }

    private static FilterProgram kinds(FilterProgram protocols, int... allowed) {
        FilterProgram kinds = new FilterProgram().argument(1);
        kinds.add(AND, KIND);
        Arrays.stream(allowed).forEach(kind -> kinds.when(kind, protocols));
        return kinds.end(FAIL | EPROTONOSUPPORT);
    }

    /** Threads and no processes; with this flag there are no namespaces either. */
    private static FilterProgram threads() {
        FilterProgram flags = new FilterProgram().argument(0);
        flags.steps.add(new Step(IF_ANY_BIT, 0, 1, CLONE_THREAD));
        flags.end(ALLOW);
        return flags.end(FAIL | EPERM);
    }

    private static FilterProgram with(int argument, int... values) {
        FilterProgram program = new FilterProgram().argument(argument);
        Arrays.stream(values).forEach(value -> program.when(value, new FilterProgram().end(ALLOW)));
        return program.end(FAIL | EPERM);
    }

    /** The lower half: the kernel looks at no more of those that are judged here. Both architectures have it first. */
    private FilterProgram argument(int index) {
        return add(LOAD_WORD, FIRST_ARGUMENT + index * Long.BYTES);
    }

    /** @param then must end */
    private void when(int value, FilterProgram then) {
        steps.add(new Step(IF_EQUAL, 0, then.steps.size(), value));
        steps.addAll(then.steps);
    }

    /** @param then must end */
    private void unless(int value, FilterProgram then) {
        steps.add(new Step(IF_EQUAL, then.steps.size(), 0, value));
        steps.addAll(then.steps);
    }

    private FilterProgram end(int verdict) {
        return add(RETURN, verdict);
    }

    private FilterProgram add(int code, int value) {
        steps.add(new Step(code, 0, 0, value));
        return this;
    }
}
