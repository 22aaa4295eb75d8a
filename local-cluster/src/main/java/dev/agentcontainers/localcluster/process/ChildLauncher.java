package dev.agentcontainers.localcluster.process;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Starts child processes in a session of their own, so that Ctrl-C in a terminal reaches only this JVM. */
public final class ChildLauncher {

    /** How long a child may live. */
    public enum Lifetime {
        /** Killed by the kernel when this JVM ends, however it ends (where setpriv is available: Linux). */
        WITH_THIS_JVM,
        /** Goes on when this JVM ends. */
        OUTLIVES_THIS_JVM
    }

    /**
     * The kernel sends the parent-death signal when the thread that made the child ends, not the process
     * (prctl(2), PR_SET_PDEATHSIG). So one thread that never ends makes them all.
     */
    private static final ExecutorService SPAWNER = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("child-launcher").factory());

    private static final Duration LOOK_AGAIN = Duration.ofMillis(2);

    /** Whoever can't be seen, for what it may do, is not waited for. */
    private static final Duration SEEN_WITHIN = Duration.ofSeconds(10);

    private ChildLauncher() {}

    /**
     * Starts the program; the process's identifier is the program's own. Returns when the process is the program, so
     * that {@link OwnProcesses} finds it from then on, or has ended.
     */
    public static Process start(ChildCommand command, Lifetime lifetime) {
        try {
            Process process = SPAWNER.submit(() -> spawn(command, lifetime)).get();
            if (Wrappers.SETSID) {
                awaitProgram(process);
            }
            return process;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(
                    "interrupted while starting " + command.words().getFirst(), e);
        } catch (ExecutionException e) {
            throw new UncheckedIOException(
                    new IOException("cannot start " + command.words().getFirst(), e.getCause()));
        }
    }

    private static void awaitProgram(Process process) {
        try {
            long giveUp = System.nanoTime() + SEEN_WITHIN.toNanos();
            while (process.isAlive() && !OwnProcesses.isProgram(process.toHandle()) && System.nanoTime() < giveUp) {
                Thread.sleep(LOOK_AGAIN);
            }
        } catch (InterruptedException e) {
            // It is started, whoever waits for it.
            Thread.currentThread().interrupt();
        }
    }

    private static Process spawn(ChildCommand command, Lifetime lifetime) throws IOException {
        List<String> words = new ArrayList<>(prefix(lifetime));
        words.addAll(command.words());
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(command.folder().toFile())
                .redirectErrorStream(true)
                .redirectInput(Redirect.from(new File("/dev/null")))
                .redirectOutput(Redirect.appendTo(command.log().toFile()));
        builder.environment().clear();
        builder.environment().putAll(command.environment());
        return builder.start();
    }

    /** Programs that change an attribute of their process and become the program (no process more). */
    private static List<String> prefix(Lifetime lifetime) {
        List<String> prefix = new ArrayList<>();
        if (Wrappers.SETSID) {
            prefix.add("setsid");
        }
        if (lifetime == Lifetime.WITH_THIS_JVM && Wrappers.SETPRIV) {
            prefix.addAll(Wrappers.SETPRIV_WORDS);
        }
        return prefix;
    }

    /** What this machine has of util-linux; asked once, at the first start. */
    private static final class Wrappers {
        static final List<String> SETPRIV_WORDS = List.of("setpriv", "--pdeathsig", "KILL", "--");
        static final boolean SETSID = works(List.of("setsid", "true"));
        static final boolean SETPRIV = works(List.of("setpriv", "--pdeathsig", "KILL", "--", "true"));

        private static boolean works(List<String> words) {
            try {
                return new ProcessBuilder(words)
                                .redirectOutput(Redirect.DISCARD)
                                .redirectError(Redirect.DISCARD)
                                .start()
                                .waitFor()
                        == 0;
            } catch (IOException e) {
                return false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }
}
