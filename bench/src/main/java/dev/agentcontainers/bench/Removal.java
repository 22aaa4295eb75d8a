package dev.agentcontainers.bench;

/** What a benchmark has to remove, once: when it is closed, or where the process is asked to end before that. Thread-safe. */
public final class Removal implements AutoCloseable {
    private final Runnable work;
    private final Thread hook = new Thread(this::run, "remove");
    private boolean done;

    /** From now on it will be done. */
    public Removal(Runnable work) {
        this.work = work;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private synchronized void run() {
        if (!done) {
            done = true;
            work.run();
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(hook);
        run();
    }
}
