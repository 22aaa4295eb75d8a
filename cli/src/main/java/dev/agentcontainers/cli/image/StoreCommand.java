package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.rootless.AgainAsRoot;
import dev.agentcontainers.cli.rootless.Tether;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** A command that works with a store: root's of this machine or, for other users, their own, whose files have ids of theirs. */
abstract class StoreCommand implements Callable<Integer> {
    private static final int NOT_DONE = 1;

    @Mixin
    private StoreOption store = new StoreOption();

    final StoreOption store() {
        return store;
    }

    @Override
    public final Integer call() throws InterruptedException {
        if (store.needsNamespaces()) {
            return new AgainAsRoot(System.getenv(), NOT_DONE).await();
        }
        try {
            // From here on this ends as whoever began it says.
            Tether.of(System.getenv());
        } catch (IOException e) {
            throw new UserException("images can't be worked with: " + e.getMessage(), NOT_DONE);
        }
        return work();
    }

    /** @return the exit code */
    abstract int work() throws InterruptedException;
}
