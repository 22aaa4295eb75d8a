package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.driver.KeptFiles.LeftOut;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.client.MessageSocket;
import io.fabric8.kubernetes.api.model.Status;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins a stream with the files of an agent that rests. Its result says whether an archive is whole: a stream without one was cut.
 */
final class SnapshotStream {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotStream.class);

    /** Exit code of what is done but for something that the agent loses; as of {@code agentctl cp}. */
    private static final int WITHOUT_SOME = 3;

    private final MessageSocket socket;
    private final StreamTargets targets;
    private final SandboxId id;

    SnapshotStream(MessageSocket socket, StreamTargets targets, SandboxId id) {
        this.socket = socket;
        this.targets = targets;
        this.id = id;
    }

    void save() throws IOException, InterruptedException {
        opened();
        Thread listener = NodeStreams.endWith(socket, "save-listener");
        socket.send(new StreamFrame.Result(onThread(() -> targets.save(id, new SentArchive(socket)))).encoded());
        listener.join(NodeStreams.CLOSE_TIMEOUT);
    }

    void restore() throws IOException, InterruptedException {
        opened();
        NodeStreams.finish(socket, onThread(() -> targets.restore(id, new ReceivedArchive(socket))));
    }

    private void opened() throws IOException, InterruptedException {
        socket.send(new StreamFrame.Output(new byte[0]).encoded());
    }

    /** Disks are waited for: on a thread that no other stream has. */
    private Status onThread(Callable<Contents> work) throws IOException, InterruptedException {
        FutureTask<Contents> task = new FutureTask<>(work);
        Thread thread = Thread.ofPlatform().daemon().name("snapshot-" + id).start(task);
        try {
            Contents contents = task.get();
            byte[] said = said(contents).getBytes(StandardCharsets.UTF_8);
            socket.send(new StreamFrame.ErrorOutput(said).encoded());
            return contents.leftOut().keySet().stream().anyMatch(LeftOut::isLoss)
                    ? Statuses.ofExitCode(WITHOUT_SOME)
                    : Statuses.success();
        } catch (ExecutionException e) {
            return failure(Objects.requireNonNullElse(e.getCause(), e));
        } catch (InterruptedException e) {
            // The user has gone, or this node agent ends.
            thread.interrupt();
            thread.join();
            throw e;
        }
    }

    private static String said(Contents contents) {
        StringBuilder said = new StringBuilder(
                "%d files, directories and links; %d bytes\n".formatted(contents.files(), contents.bytes()));
        contents.leftOut().forEach((what, count) -> said.append("left out: %d %s\n".formatted(count, what.what())));
        return said.toString();
    }

    private static Status failure(Throwable cause) {
        switch (cause) {
            case SandboxException e -> {
                LOG.info("a snapshot was refused or failed: {}", e.getMessage());
                return Statuses.failure(NodeStreams.code(e), String.valueOf(e.getMessage()));
            }
            case IOException e -> {
                LOG.info("a snapshot broke off: {}", e.getMessage());
                return Statuses.failure(
                        HttpURLConnection.HTTP_INTERNAL_ERROR, "the snapshot broke off: " + e.getMessage());
            }
            default -> {
                LOG.error("a snapshot failed", cause);
                return Statuses.failure(
                        HttpURLConnection.HTTP_INTERNAL_ERROR,
                        "the snapshot failed unexpectedly: the node agent's log says why");
            }
        }
    }
}
