package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.ProbeFailure;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Probed;
import dev.agentcontainers.nodeagent.probe.Health;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Availability;
import java.util.Optional;

/** Keeps one running agent within its deadline, its fence and its limits. Used by one thread. */
record Oversight(
        SandboxId id,
        NodeParts node,
        Capacity capacity,
        Resolution resolution,
        AgentRecord agent,
        AgentReports reports,
        FencedRun fenced,
        ProbedRun probed,
        HeldImages images) {
    /** One look at the agent while it runs. */
    Next oversee(JournalEntry entry, IsolationDriver driver, SandboxState.Running running)
            throws SandboxException, InterruptedException {
        // Before everything that may fail: neither exit nor deadline waits for a fence or an API server.
        fenced.watchExit(driver);
        // Nor does what probes say wait for them, or for a disk that is full.
        reports.probed();
        JournalEntry current = known(entry, running);
        if (AfterExit.isPastDeadline(current, node.clock().instant())) {
            probed.close();
            fenced.stop(driver, agent, current);
            return new Next.Again();
        }
        Optional<ProbeFailure> failure = current.probeFailure()
                .or(() -> probed.health().flatMap(Health::fatal).map(ProbedRun::failure));
        if (failure.isPresent()) {
            ProbeFailure why = failure.get();
            stop(
                    driver,
                    current.probeFailure().isPresent() ? current : agent.keep(current.failing(why)),
                    running,
                    Availability.of(why));
            return new Next.Again();
        }
        if (current.isSuspending() || current.assignment().suspended()) {
            stop(
                    driver,
                    current.isSuspending()
                            ? current
                            : agent.keep(
                                    current.suspending().stopping(node.clock().instant())),
                    running,
                    Availability.SUSPENDING);
            return new Next.Again();
        }
        try {
            follow(running, current, appliedIn(current));
            probed.follow(current, driver, running.startedAt());
            Optional<SandboxException> refused = updateLimits(driver, current, running);
            JournalEntry now = probedNow(fencedNow(agent.entry().orElse(current)));
            reports.running(
                    now,
                    running.startedAt(),
                    appliedIn(now),
                    refused,
                    probed.health().map(Availability::of));
        } catch (SandboxException e) {
            return new Next.Retry(e, AfterExit.deadline(current));
        }
        return new Next.Wait(AfterExit.deadline(current));
    }

    private void follow(SandboxState.Running running, JournalEntry entry, Assignment within) throws SandboxException {
        fenced.follow(running.network(), entry.assignment().policyGroup(), NetworkRates.of(within.limits()));
    }

    /** @param entry in which is said why, before the agent is asked to stop: so whoever sees its end knows it */
    private void stop(IsolationDriver driver, JournalEntry entry, SandboxState.Running running, Availability why)
            throws SandboxException, InterruptedException {
        probed.close();
        JournalEntry now = fencedNow(entry);
        reports.running(now, running.startedAt(), appliedIn(now), Optional.empty(), Optional.of(why));
        fenced.stop(driver, agent, now);
    }

    /** Remembered, so that the next process need not ask again. */
    private JournalEntry probedNow(JournalEntry entry) {
        Optional<Probed> said = probed.health().map(ProbedRun::probed);
        return said.isPresent()
                        && !entry.run().flatMap(JournalEntry.Run::probed).equals(said)
                ? agent.note(entry.probed(said.get()))
                : entry;
    }

    /** An earlier process may have died before it had written that the agent runs. */
    private JournalEntry known(JournalEntry entry, SandboxState.Running running) {
        JournalEntry current = entry;
        if (entry.run().filter(JournalEntry.Run::released).isEmpty()) {
            current = current.found(node.bootId(), running.startedAt());
        }
        if (entry.milestones().started().isEmpty() || entry.firstStartedAt().isEmpty()) {
            current = current.started(running.startedAt());
        }
        return current.equals(entry) ? entry : agent.keep(current);
    }

    /** Remembered, so that the report of its end, by whichever process, says what stood around it. */
    private JournalEntry fencedNow(JournalEntry entry) {
        return fenced.acknowledged()
                .filter(now -> !entry.fenced().equals(Optional.of(now)))
                .map(now -> agent.note(entry.fencedBy(now)))
                .orElse(entry);
    }

    private static Assignment appliedIn(JournalEntry entry) {
        return entry.run().map(JournalEntry.Run::applied).orElse(entry.assignment());
    }

    /** Applies what has changed; what can't be had leaves all of it as it was, and is returned. */
    private Optional<SandboxException> updateLimits(
            IsolationDriver driver, JournalEntry entry, SandboxState.Running running) throws SandboxException {
        Assignment before = appliedIn(entry);
        Assignment wanted = entry.assignment();
        if (before.equals(wanted)) {
            return Optional.empty();
        }
        Optional<String> lack = capacity.change(id, node.taken(wanted));
        if (lack.isPresent()) {
            return Optional.of(new SandboxException(Step.OBSERVE, Kind.UNSUPPORTED, lack.get()));
        }
        try {
            if (!before.limits().equals(wanted.limits()) || !before.requests().equals(wanted.requests())) {
                driver.update(resolution.resolve(wanted, images.held(wanted)));
                // After what may refuse: rates that the kernel does not take are tried again.
                follow(running, entry, wanted);
            }
            agent.keep(entry.applied(wanted));
            return Optional.empty();
        } catch (SandboxException e) {
            capacity.adopt(id, node.taken(before));
            if (e.kind() == Kind.TRANSIENT) {
                throw e;
            }
            return Optional.of(e);
        }
    }
}
