package dev.agentcontainers.cli.run;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import sun.misc.Signal;

/** Signals that ask this process to end: the first asks the agent to stop, the second kills it. */
final class Interrupts {
    private static final int SIGNALLED = 128;

    private final AtomicInteger first = new AtomicInteger();
    private final AtomicInteger count = new AtomicInteger();

    /** Takes over the signals of this process. */
    static Interrupts handling(Runnable stop, Runnable kill) {
        Interrupts interrupts = new Interrupts();
        for (String name : List.of("INT", "TERM", "HUP")) {
            Signal.handle(new Signal(name), signal -> {
                interrupts.first.compareAndSet(0, signal.getNumber());
                if (interrupts.count.incrementAndGet() == 1) {
                    stop.run();
                } else {
                    kill.run();
                }
            });
        }
        return interrupts;
    }

    /** What a shell shows for a program that the first signal ended; empty where there was none. */
    Optional<Integer> exitCode() {
        int number = first.get();
        return number == 0 ? Optional.empty() : Optional.of(SIGNALLED + number);
    }
}
