package dev.agentcontainers.nodeagent.linux.bpf;

/** A program that sends every packet out by another interface, as it is. Source: bpf-helpers(7), bpf_redirect. */
public final class Redirection {
    private static final int REDIRECT = 23;

    private Redirection() {}

    /** By which it is known which one an interface has. */
    public static String name(int target) {
        return "ac_to_" + target;
    }

    /** @param target number of the interface, in the namespace of the one that the program is attached to */
    public static byte[] program(int target) {
        return new Program().set(1, target).set(2, 0).call(REDIRECT).end().toBytes();
    }
}
