package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.agent.AgentImage;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An image that one agent has for one use. It is got before the first start, on a thread of its own so that the agent can be stopped
 * meanwhile, and is the same for all starts that follow, whatever its tag means by then. Used by one thread.
 */
final class HeldImage implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HeldImage.class);

    /** Kubernetes' name of the key, in Secrets of type kubernetes.io/dockerconfigjson. */
    private static final String DOCKER_CONFIG = ".dockerconfigjson";

    /** A pull notices an interruption with the next piece that arrives or fails to. */
    private static final Duration PULL_PATIENCE = Duration.ofSeconds(40);

    private final ImageUse use;
    private final AgentImages images;
    private final MaterialSource materials;
    private final Runnable onChange;
    private boolean asked;
    private Optional<AgentImage> held = Optional.empty();
    private Optional<Pull> pull = Optional.empty();

    private record Pull(FutureTask<AgentImage> task, Thread thread, PullProgress progress) {}

    /**
     * Which image it is.
     *
     * @param pullPolicy empty for the usual one of the reference
     * @param pullSecrets names of Secrets that let in at registries
     */
    record Wanted(String reference, Optional<PullPolicy> pullPolicy, List<String> pullSecrets) {}

    /** @param onChange called by other threads when a pull has got on or has ended */
    HeldImage(ImageUse use, AgentImages images, MaterialSource materials, Runnable onChange) {
        this.use = use;
        this.images = images;
        this.materials = materials;
        this.onChange = onChange;
    }

    /**
     * The agent's image; empty while it is being pulled, which this begins where it was not begun.
     *
     * @throws SandboxException where it could not be had; the next call tries again
     */
    Optional<AgentImage> get(Wanted wanted) throws SandboxException {
        if (pull.isEmpty()) {
            Optional<AgentImage> whole = whole();
            if (whole.isPresent()) {
                return whole;
            }
            pull = Optional.of(begin(wanted));
        }
        Pull begun = pull.get();
        if (!begun.task().isDone()) {
            return Optional.empty();
        }
        pull = Optional.empty();
        held = Optional.of(result(begun.task()));
        // The rules may have become others while it was pulled, or since.
        requireSigned();
        return held;
    }

    /** As {@link #held}; empty also where what the agent has is not all there any more, so that it has to be got again. */
    private Optional<AgentImage> whole() throws SandboxException {
        try {
            if (held().filter(image -> !image.layers().stream().allMatch(Files::isDirectory))
                    .isPresent()) {
                LOG.warn("agent {} gets {} again: layers are missing", use.agent(), what());
                held = Optional.empty();
                asked = false;
                return Optional.empty();
            }
            return held.isPresent() && !isVerified() ? Optional.empty() : held;
        } catch (SandboxException e) {
            if (isFor(e.getCause(), ImageException.Kind.NOT_FOUND)) {
                LOG.warn("agent {} gets {} again: {}", use.agent(), what(), e.getMessage());
                return Optional.empty();
            }
            throw e;
        }
    }

    private boolean isVerified() throws SandboxException {
        try {
            requireSigned();
            return true;
        } catch (SandboxException e) {
            if (isFor(e.getCause(), ImageException.Kind.UNSIGNED)) {
                LOG.info("agent {} can't be started by what is stored of {}: {}", use.agent(), what(), e.getMessage());
                return false;
            }
            throw e;
        }
    }

    /** For each start anew: what has to be signed by whom may have changed since the last one. */
    private void requireSigned() throws SandboxException {
        try {
            images.requireSigned(use);
        } catch (IOException e) {
            throw failure(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException(Step.VERIFY, Kind.TRANSIENT, "interrupted", e);
        }
    }

    private static boolean isFor(@Nullable Throwable cause, ImageException.Kind kind) {
        return cause instanceof ImageException image && image.kind() == kind;
    }

    /** What the agent has by now, of an earlier process too. */
    Optional<AgentImage> held() throws SandboxException {
        if (held.isEmpty() && !asked) {
            try {
                held = images.of(use);
                asked = true;
            } catch (IOException e) {
                throw failure(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SandboxException(Step.PULL, Kind.TRANSIENT, "interrupted", e);
            }
        }
        return held;
    }

    /** As {@link #held} where it can be known. */
    Optional<String> digest() {
        try {
            return held().map(image -> image.digest().toString());
        } catch (SandboxException e) {
            return Optional.empty();
        }
    }

    /** How far the pull is, for people. */
    String progress() {
        return pull.map(begun -> begun.progress().toString()).orElse("");
    }

    private Pull begin(Wanted wanted) throws SandboxException {
        ImageReference reference;
        try {
            reference = ImageReference.parse(wanted.reference());
        } catch (IllegalArgumentException e) {
            String field = use.mount().map(HeldImage::field).orElse("spec.image: ");
            throw new SandboxException(Step.PULL, Kind.INVALID_SPEC, field + e.getMessage(), e);
        }
        PullPolicy policy = wanted.pullPolicy().orElseGet(() -> PullPolicy.usualFor(reference));
        RegistryCredentials credentials = credentials(wanted);
        PullProgress progress = new PullProgress(reference, onChange);
        FutureTask<AgentImage> task = new FutureTask<>(() -> images.get(use, reference, policy, credentials, progress));
        // Not a virtual one: it waits for the disk, and what carries those carries every agent's loop.
        Thread thread = Thread.ofPlatform().daemon().name("pull-" + use.agent()).start(() -> {
            task.run();
            onChange.run();
        });
        return new Pull(task, thread, progress);
    }

    private RegistryCredentials credentials(Wanted wanted) throws SandboxException {
        RegistryCredentials all = RegistryCredentials.NONE;
        for (String name : wanted.pullSecrets()) {
            Optional<Map<String, byte[]>> secret = materials.secret(name);
            byte[] document = secret.map(keys -> keys.get(DOCKER_CONFIG)).orElse(null);
            if (document == null) {
                throw new SandboxException(
                        Step.PULL,
                        Kind.TRANSIENT,
                        "spec.imagePullSecrets: a Secret "
                                + (secret.isEmpty() ? "is missing" : "has no key '" + DOCKER_CONFIG + "'"));
            }
            try {
                all = all.and(
                        RegistryCredentials.ofDockerConfig("spec.imagePullSecrets: a Secret's content", document));
            } catch (IllegalArgumentException e) {
                throw new SandboxException(Step.PULL, Kind.TRANSIENT, String.valueOf(e.getMessage()), e);
            }
        }
        return all;
    }

    private AgentImage result(FutureTask<AgentImage> done) throws SandboxException {
        try {
            return done.get();
        } catch (ExecutionException e) {
            throw failure(Objects.requireNonNullElse(e.getCause(), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException(Step.PULL, Kind.TRANSIENT, "interrupted", e);
        }
    }

    private String what() {
        return use.mount().map(path -> "the image of " + path).orElse("its image");
    }

    private static String field(String mount) {
        return "spec.filesystem.mounts: image of '" + mount + "': ";
    }

    private SandboxException failure(Throwable cause) {
        boolean unusable = isFor(cause, ImageException.Kind.UNUSABLE);
        return new SandboxException(
                isFor(cause, ImageException.Kind.UNSIGNED) ? Step.VERIFY : Step.PULL,
                unusable ? Kind.INVALID_SPEC : Kind.TRANSIENT,
                use.mount().map(HeldImage::field).orElse("") + cause.getMessage(),
                cause);
    }

    /**
     * Ends a pull that is under way. What has arrived stays for the next one.
     *
     * @throws SandboxException of kind TRANSIENT where it has not ended yet
     */
    void stopPull() throws SandboxException, InterruptedException {
        if (pull.isPresent()) {
            pull.get().thread().interrupt();
            if (!pull.get().thread().join(PULL_PATIENCE)) {
                throw new SandboxException(Step.PULL, Kind.TRANSIENT, "the pull of an image does not end");
            }
            pull = Optional.empty();
        }
    }

    /** The agent has it no more. */
    void forget() {
        held = Optional.empty();
    }

    /** Lets go of a pull; the agent keeps what it has. */
    @Override
    public void close() {
        pull.ifPresent(begun -> begun.thread().interrupt());
    }
}
