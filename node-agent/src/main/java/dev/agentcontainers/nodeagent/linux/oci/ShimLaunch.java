package dev.agentcontainers.nodeagent.linux.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A shim that waits, by conmon's own means, until the root of its sandbox is made. Closed before that, it is killed without
 * having done anything. Where this process dies meanwhile the shim goes on, and what it creates is never started. For one
 * thread.
 */
final class ShimLaunch implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CLOSED = -1;

    private final Shim shim;
    private final ChildProcess child;
    private final int sync;
    private int go;
    private boolean ended;

    /**
     * @param sync our end of the pipe on which the shim answers
     * @param go our end of the pipe on which the shim waits
     */
    ShimLaunch(Shim shim, int child, int sync, int go) {
        this.shim = shim;
        this.child = new ChildProcess(
                shim.processes(), shim.descriptors(), child, shim.tools().shim().toString());
        this.sync = sync;
        this.go = go;
    }

    /**
     * Moves it, while it waits, to control groups.
     *
     * @param groups files that the pid of a process is written to that joins
     */
    void move(List<Path> groups) throws IOException {
        for (Path group : groups) {
            Shim.check(
                    "move the shim to the control group " + group.getParent(),
                    shim.processes().move(child.pid(), group));
        }
    }

    /**
     * Lets it create the container, once.
     *
     * @return the pid of the agent's first process, which waits to be started
     * @throws IOException with the runtime's own message where it fails
     */
    long create() throws IOException {
        // Where it has ended already nobody reads this: its exit code says why.
        shim.descriptors().write(go, new byte[] {'\n'}, 1);
        closeGo();
        int code = end();
        if (code != 0) {
            throw new IOException(shim.tools().shim() + " ended with code " + code);
        }
        return readAnswer();
    }

    @Override
    public void close() throws IOException {
        try {
            if (!ended) {
                // While it waits: a closed pipe would have it go on.
                child.kill();
                end();
            }
        } finally {
            closeGo();
            shim.descriptors().close(sync);
        }
    }

    private int end() throws IOException {
        ended = true;
        return child.await(shim.settings().patience());
    }

    private void closeGo() {
        if (go != CLOSED) {
            shim.descriptors().close(go);
            go = CLOSED;
        }
    }

    /** A line {@code {"data": pid}}, or a negative number and {@code "message"}. */
    private long readAnswer() throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        long giveUp = System.nanoTime() + shim.settings().patience().toNanos();
        byte[] buffer = new byte[8192];
        while (System.nanoTime() < giveUp) {
            boolean[] ready = new boolean[1];
            if (shim.processes().awaitReadable(new int[] {sync}, ready, 1000) <= 0) {
                continue;
            }
            int count = shim.descriptors().read(sync, buffer);
            answer.write(buffer, 0, Math.max(count, 0));
            String text = answer.toString(StandardCharsets.UTF_8);
            if (count <= 0 || text.endsWith("\n")) {
                return pidIn(text);
            }
        }
        throw new IOException(shim.tools().runtime() + " did not create the container within "
                + shim.settings().patience().toSeconds() + " s");
    }

    private long pidIn(String answer) throws IOException {
        try {
            JsonNode json = JSON.readTree(answer);
            long pid = json.path("data").asLong(-1);
            if (pid > 0) {
                return pid;
            }
            throw new IOException(shim.tools().runtime().getFileName() + ": "
                    + json.path("message").asText("no message").strip());
        } catch (JsonProcessingException e) {
            throw new IOException(shim.tools().shim().getFileName() + " answered '" + answer.strip() + "'", e);
        }
    }
}
