package dev.agentcontainers.nodeagent.linux.fence;

import java.security.SecureRandom;
import java.util.Set;

/**
 * What let a connection pass, as the two highest bits of its mark say; the others are by chance, but for budgets, so that a mark is also none that
 * an earlier process gave. No mark is 0.
 */
enum ConnectionMark {
    /** A box. These marks only spare packets the way that the first one went: without a group that knows it, none is of use. */
    BOX(1 << 30),
    /** A name. */
    NAME(0),
    /** A name whose connections are intercepted. */
    INTERCEPTED(1 << 31),
    /** Rules with budgets: by these marks it is told which are charged. They follow from the rules, and no others bear them. */
    BUDGETED(3 << 30);

    /** Of all bits, those that say it. */
    private static final int KIND = 3 << 30;

    private final int bits;

    ConnectionMark(int bits) {
        this.bits = bits;
    }

    boolean isOf(int mark) {
        return mark != 0 && (mark & KIND) == bits;
    }

    /** The bit that marks of this kind have and those of names have not. */
    String bit() {
        return Integer.toUnsignedString(bits);
    }

    /** What packets of connections with such marks match. */
    String mask() {
        return "ct mark & %s == %s".formatted(Integer.toUnsignedString(KIND), Integer.toUnsignedString(bits));
    }

    /** What packets of connections with other marks match. */
    String otherwise() {
        return "ct mark & %s != %s".formatted(Integer.toUnsignedString(KIND), Integer.toUnsignedString(bits));
    }

    /** Whether a name let the connection pass, without a budget. */
    static boolean isOfName(int mark) {
        return NAME.isOf(mark) || INTERCEPTED.isOf(mark);
    }

    /** Always the same for the same bits. */
    int of(int chosen) {
        return chosen & ~KIND | bits;
    }

    /** @param used marks, to which this adds the new one */
    int fresh(SecureRandom random, Set<Integer> used) {
        while (true) {
            int mark = random.nextInt() & ~KIND | bits;
            if (mark != 0 && used.add(mark)) {
                return mark;
            }
        }
    }
}
