package dev.agentcontainers.nodeagent.egress;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.journal.Journal;
import dev.agentcontainers.nodeagent.journal.JournalException;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies revisions of the node's policy to the fence and knows what is in force. A revision that can't be applied leaves
 * the earlier one in force. Thread-safe.
 */
public final class PolicyKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyKeeper.class);

    private final Fence fence;
    private final Journal journal;
    private final ReentrantLock oneAtATime = new ReentrantLock();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile Optional<Enforced> enforced = Optional.empty();
    /** Whether a revision may have come into force since this process began. Guarded by {@link #oneAtATime}. */
    private boolean superseded;

    public PolicyKeeper(Fence fence, Journal journal) {
        this.fence = fence;
        this.journal = journal;
    }

    /**
     * What the kernel holds.
     *
     * @param revision generation of the AgentNodePolicy
     * @param epoch highest epoch of the operator's leaders that this node has seen
     * @param wanted group to the hash that the revision names for it
     * @param hashes group to hash, read back from the kernel
     */
    public record Enforced(long revision, long epoch, Map<String, String> wanted, Map<String, String> hashes) {
        public Enforced {
            wanted = Map.copyOf(wanted);
            hashes = Map.copyOf(hashes);
        }
    }

    /**
     * Puts the last revision that an earlier process applied back into force, so that nothing waits for the API server. No effect where
     * another may have come into force since, which is tried again by who brought it.
     *
     * @throws SandboxException also where all of it is in force but for what can't be charged to budgets; to be tried again
     */
    public void restore() throws SandboxException {
        PolicySnapshot last;
        Enforced now;
        oneAtATime.lock();
        try {
            // What is written down may be older than what came since.
            Optional<PolicySnapshot> written = superseded ? Optional.empty() : journal.policy();
            if (written.isEmpty()) {
                return;
            }
            last = written.get();
            now = enforce(last);
        } finally {
            oneAtATime.unlock();
        }
        listeners.forEach(Runnable::run);
        requireCharged(last, now);
    }

    private static void requireCharged(PolicySnapshot snapshot, Enforced now) throws SandboxException {
        List<String> closed = rulesets(snapshot.policy()).stream()
                .filter(ruleset -> ruleset.isHeldWithoutBudgets(now.hashes()))
                .map(GroupRuleset::name)
                .sorted()
                .toList();
        if (!closed.isEmpty()) {
            throw new SandboxException(
                    Step.FENCE,
                    Kind.TRANSIENT,
                    "all is in force but for what the policy groups " + String.join(", ", closed)
                            + " allow within budgets, which can't be charged now and stays closed");
        }
    }

    /**
     * Puts the revision into force. When this returns, the kernel holds it.
     *
     * <p>It is written down first: a process that dies in between must not bring back, at the next start, what this
     * revision takes back. A disk that takes no writing does not keep it from being put into force; that is tried again.
     *
     * @throws JournalException where the revision is in force and could not be written down
     * @throws SandboxException also where all of it is in force but for what can't be charged to budgets; to be tried again
     */
    public Enforced apply(PolicySnapshot snapshot) throws SandboxException {
        Optional<PolicySnapshot> before = journal.policy();
        Optional<JournalException> unwritten = write(snapshot);
        try {
            Enforced now = supersede(snapshot);
            listeners.forEach(Runnable::run);
            if (unwritten.isPresent()) {
                throw unwritten.get();
            }
            requireCharged(snapshot, now);
            return now;
        } catch (SandboxException e) {
            if (e.kind() == Kind.INVALID_SPEC) {
                // Nothing of it can have come into force, now or later.
                before.ifPresent(this::write);
            }
            throw e;
        }
    }

    private Optional<JournalException> write(PolicySnapshot snapshot) {
        try {
            journal.writePolicy(snapshot);
            return Optional.empty();
        } catch (RuntimeException e) {
            LOG.error("policy revision {} can't be written down: {}", snapshot.revision(), e.getMessage());
            return Optional.of(
                    e instanceof JournalException known
                            ? known
                            : new JournalException("policy revision " + snapshot.revision(), new IOException(e)));
        }
    }

    /** What is in force; empty before the first revision. */
    public Optional<Enforced> enforced() {
        return enforced;
    }

    /** Called each time that a revision was applied, on the thread that applied it. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    private Enforced supersede(PolicySnapshot snapshot) throws SandboxException {
        oneAtATime.lock();
        try {
            boolean before = superseded;
            superseded = true;
            try {
                return enforce(snapshot);
            } catch (SandboxException e) {
                superseded = before || e.kind() != Kind.INVALID_SPEC;
                throw e;
            }
        } finally {
            oneAtATime.unlock();
        }
    }

    private Enforced enforce(PolicySnapshot snapshot) throws SandboxException {
        oneAtATime.lock();
        try {
            List<GroupRuleset> rulesets = rulesets(snapshot.policy());
            Map<String, String> hashes = fence.apply(rulesets);
            long epoch = Math.max(
                    snapshot.policy().epoch(), enforced.map(Enforced::epoch).orElse(0L));
            Map<String, String> wanted =
                    rulesets.stream().collect(Collectors.toMap(GroupRuleset::name, GroupRuleset::hash));
            Enforced now = new Enforced(snapshot.revision(), epoch, wanted, hashes);
            enforced = Optional.of(now);
            LOG.info("policy revision {} is in force: {} groups", snapshot.revision(), hashes.size());
            return now;
        } finally {
            oneAtATime.unlock();
        }
    }

    private static List<GroupRuleset> rulesets(AgentNodePolicySpec policy) {
        if (policy.groups() == null) {
            return List.of();
        }
        return policy.groups().stream()
                .map(group -> new GroupRuleset(
                        group.name(),
                        group.hash(),
                        orEmpty(group.egress()),
                        orEmpty(group.ingress()),
                        orEmpty(group.names()),
                        orEmpty(group.tlsNames()),
                        orEmpty(group.httpNames()),
                        orEmpty(group.httpsNames()),
                        orEmpty(group.sources()),
                        orEmpty(group.budgets()),
                        orEmpty(group.budgeted()),
                        orEmpty(group.rules()),
                        orEmpty(group.quicNames())))
                .toList();
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
