package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A machine that outlives node agents: what sandboxes and attachments there are, and what has happened. Keeps the
 * contracts of driver and fence, and itself checks the invariant that no agent runs without its fence. Thread-safe.
 */
final class FakeMachine {
    final FakeKeptFiles files = new FakeKeptFiles(this::starts);
    private final Clock clock;
    private final Map<SandboxId, Sandbox> sandboxes = new HashMap<>();
    private final Map<SandboxId, String> attached = new HashMap<>();
    private final Map<SandboxId, NetworkRates> rates = new HashMap<>();
    private final Map<String, String> rulesets = new HashMap<>();
    private final Map<SandboxId, Integer> starts = new HashMap<>();
    private final Map<SandboxId, Integer> answers = new HashMap<>();
    private final Set<SandboxId> stubborn = new HashSet<>();
    private final List<String> violations = new ArrayList<>();
    private final List<String> happened = new ArrayList<>();
    private ResourceAmounts overhead = ResourceAmounts.NONE;
    private IsolationLevel counts = IsolationLevel.MicroVM;
    private Optional<String> otherHash = Optional.empty();
    private int brokenWaits;
    private long nextPid = 100;

    FakeMachine(Clock clock) {
        this.clock = clock;
    }

    private static final class Sandbox {
        Optional<SandboxSpec> prepared = Optional.empty();
        SandboxState run = new SandboxState.Absent();
    }

    synchronized void prepare(SandboxSpec spec) {
        sandbox(spec.id()).prepared = Optional.of(spec);
        happened.add("prepare");
    }

    /** What a sandbox was prepared with last. */
    synchronized Optional<SandboxSpec> prepared(SandboxId id) {
        return Optional.ofNullable(sandboxes.get(id)).flatMap(sandbox -> sandbox.prepared);
    }

    synchronized NetworkAttachment create(SandboxSpec spec) {
        Sandbox sandbox = sandbox(spec.id());
        if (!(sandbox.run instanceof SandboxState.Absent)) {
            violations.add("created twice: " + spec.id());
        }
        NetworkAttachment network = new NetworkAttachment(nextPid++);
        sandbox.run = new SandboxState.Created(network);
        happened.add("create");
        return network;
    }

    synchronized void start(SandboxId id) {
        if (!(sandbox(id).run instanceof SandboxState.Created(NetworkAttachment network))) {
            violations.add("started what was not created: " + id);
            return;
        }
        if (!attached.containsKey(id)) {
            violations.add("started without a fence: " + id);
        }
        sandbox(id).run = new SandboxState.Running(network, clock.instant());
        starts.merge(id, 1, Integer::sum);
        happened.add("start");
    }

    private synchronized int starts() {
        return starts.values().stream().mapToInt(Integer::intValue).sum();
    }

    synchronized void update(SandboxSpec spec) {
        sandbox(spec.id()).prepared = Optional.of(spec);
        happened.add("update");
    }

    synchronized SandboxState state(SandboxId id) {
        Sandbox sandbox = sandboxes.get(id);
        return sandbox == null ? new SandboxState.Absent() : sandbox.run;
    }

    synchronized ExitStatus awaitExit(SandboxId id) throws InterruptedException {
        int broken = brokenWaits;
        while (state(id) instanceof SandboxState.Running || state(id) instanceof SandboxState.Created) {
            wait();
            if (broken != brokenWaits) {
                throw new IllegalStateException("the wait was broken off");
            }
        }
        return state(id) instanceof SandboxState.Exited(ExitStatus exit)
                ? exit
                : new ExitStatus(137, clock.instant(), false);
    }

    /** Drivers on it are as strong as that from now on. */
    synchronized void countsAs(IsolationLevel level) {
        counts = level;
    }

    /** Drivers on it take so much memory for each agent from now on. */
    synchronized void takes(long memory) {
        overhead = new ResourceAmounts(
                OptionalLong.empty(), OptionalLong.of(memory), OptionalLong.empty(), OptionalLong.empty());
    }

    synchronized ResourceAmounts overhead() {
        return overhead;
    }

    synchronized Optional<String> shortOf(IsolationLevel level) {
        return counts.compareTo(level) < 0 ? Optional.of("it counts as " + counts) : Optional.empty();
    }

    /** Exit code of a program that is run in the agent. */
    synchronized int answer(SandboxId id) {
        return answers.getOrDefault(id, 0);
    }

    synchronized void terminate(SandboxId id) {
        happened.add("terminate");
        if (!stubborn.contains(id)) {
            exit(id, 143);
        }
    }

    synchronized void kill(SandboxId id) {
        happened.add("kill");
        exit(id, 137);
    }

    synchronized void remove(SandboxId id) {
        Sandbox sandbox = sandboxes.get(id);
        if (sandbox != null) {
            sandbox.run = new SandboxState.Absent();
            if (sandbox.prepared.isEmpty()) {
                sandboxes.remove(id);
            }
        }
        happened.add("remove");
        notifyAll();
    }

    synchronized void purge(SandboxId id) {
        sandboxes.remove(id);
        happened.add("purge");
        notifyAll();
    }

    synchronized Set<SandboxId> list() {
        return Set.copyOf(sandboxes.keySet());
    }

    synchronized Map<String, String> apply(List<GroupRuleset> groups) {
        rulesets.clear();
        groups.forEach(group -> rulesets.put(group.name(), group.hash()));
        return Map.copyOf(rulesets);
    }

    /** What the fence holds the sandbox to. */
    synchronized Optional<NetworkRates> rates(SandboxId id) {
        return Optional.ofNullable(rates.get(id));
    }

    synchronized Optional<Attachment> attach(SandboxId id, String group, NetworkRates within) {
        if (!rulesets.containsKey(group)) {
            return Optional.empty();
        }
        attached.put(id, group);
        rates.put(id, within);
        happened.add("attach");
        return Optional.of(attachment(id));
    }

    synchronized void detach(SandboxId id) {
        if (state(id) instanceof SandboxState.Running) {
            violations.add("fence removed from a running agent: " + id);
        }
        attached.remove(id);
        happened.add("detach");
    }

    synchronized Map<SandboxId, Attachment> attachments() {
        Map<SandboxId, Attachment> all = new HashMap<>();
        attached.keySet().forEach(id -> all.put(id, attachment(id)));
        return all;
    }

    private Attachment attachment(SandboxId id) {
        String group = attached.getOrDefault(id, "");
        return new Attachment("100.80.0.2", group, otherHash.orElse(rulesets.getOrDefault(group, "")), 0);
    }

    // What a test does to the machine.

    /** The agent ends by itself. */
    synchronized void exit(SandboxId id, int code) {
        if (state(id) instanceof SandboxState.Running || state(id) instanceof SandboxState.Created) {
            SandboxState run = state(id);
            Optional<RunUse> use = run instanceof SandboxState.Running running
                    ? Optional.of(new RunUse(
                            running.startedAt(),
                            clock.instant(),
                            OptionalLong.of(1_000_000L * (code + 1)),
                            OptionalLong.of(50 << 20),
                            OptionalLong.empty(),
                            OptionalLong.of(0)))
                    : Optional.empty();
            sandbox(id).run = new SandboxState.Exited(new ExitStatus(code, clock.instant(), false, use));
            notifyAll();
        }
    }

    /** Programs that are run in the agent end with that code; with 0 until then. */
    synchronized void answer(SandboxId id, int code) {
        answers.put(id, code);
    }

    /** The agent does not end when it is asked to. */
    synchronized void makeStubborn(SandboxId id) {
        stubborn.add(id);
    }

    /** Everybody who waits for an exit is told that it can't be waited for. */
    synchronized void breakWaits() {
        brokenWaits++;
        notifyAll();
    }

    /** The kernel holds other rules than those that were applied; empty: the same again. */
    synchronized void holdOtherRules(Optional<String> hash) {
        otherHash = hash;
    }

    synchronized void breakRun(SandboxId id) {
        sandbox(id).run = new SandboxState.Broken("its shim is gone");
        notifyAll();
    }

    /** Power is lost: runs, attachments and rules are gone, files stay. */
    synchronized void reboot() {
        sandboxes.values().forEach(sandbox -> sandbox.run = new SandboxState.Absent());
        attached.clear();
        rulesets.clear();
        notifyAll();
    }

    synchronized int starts(SandboxId id) {
        return starts.getOrDefault(id, 0);
    }

    synchronized boolean isRunning(SandboxId id) {
        return state(id) instanceof SandboxState.Running;
    }

    synchronized Optional<SandboxSpec> spec(SandboxId id) {
        return Optional.ofNullable(sandboxes.get(id)).flatMap(sandbox -> sandbox.prepared);
    }

    /** Nothing of any sandbox but what was prepared. */
    synchronized boolean hasRuns() {
        return !attached.isEmpty()
                || sandboxes.values().stream().anyMatch(sandbox -> !(sandbox.run instanceof SandboxState.Absent));
    }

    synchronized boolean isEmpty() {
        return sandboxes.isEmpty() && attached.isEmpty();
    }

    synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    synchronized List<String> happened() {
        return List.copyOf(happened);
    }

    private Sandbox sandbox(SandboxId id) {
        return sandboxes.computeIfAbsent(id, any -> new Sandbox());
    }
}
