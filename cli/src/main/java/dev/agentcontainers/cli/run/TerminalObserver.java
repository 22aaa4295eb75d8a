package dev.agentcontainers.cli.run;

import dev.agentcontainers.nodeagent.standalone.RunObserver;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Passes the agent's output on to this process' own streams, and says on standard error what else the user should know. */
final class TerminalObserver implements RunObserver, AutoCloseable {
    /** What {@code agentctl} itself says. */
    enum Verbosity {
        QUIET,
        NORMAL,
        VERBOSE
    }

    private static final Duration LONG = Duration.ofSeconds(3);

    private final OutputStream output;
    private final OutputStream errorOutput;
    private final PrintStream messages;
    private final Verbosity verbosity;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("progress").factory());
    private String step = "preparing";
    private boolean running;

    TerminalObserver(Verbosity verbosity) {
        this.output = new FileOutputStream(FileDescriptor.out);
        this.errorOutput = new FileOutputStream(FileDescriptor.err);
        this.messages = System.err;
        this.verbosity = verbosity;
        if (verbosity == Verbosity.NORMAL) {
            timer.schedule(this::sayIfLong, LONG.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void sayIfLong() {
        if (!running) {
            messages.println("agentctl: still " + step);
        }
    }

    @Override
    public void output(Stream stream, byte[] data) throws IOException {
        switch (stream) {
            case OUTPUT -> output.write(data);
            case ERROR_OUTPUT -> errorOutput.write(data);
        }
    }

    @Override
    public synchronized void progress(String text) {
        step = text;
        running |= text.startsWith("running");
        if (verbosity == Verbosity.VERBOSE) {
            messages.println("agentctl: " + text);
        }
    }

    @Override
    public void warning(String text) {
        if (verbosity != Verbosity.QUIET) {
            messages.println("agentctl: " + text);
        }
    }

    /** What is said even to who wants quiet. */
    void failure(String text) {
        messages.println("agentctl: " + text);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
