package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.journal.Journal;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.Map;
import java.util.Optional;

/** A journal on disk in which the process can crash too. */
final class CallingJournal implements Journal {
    private final Journal disk;
    private final Calls calls;

    CallingJournal(Journal disk, Calls calls) {
        this.disk = disk;
        this.calls = calls;
    }

    @Override
    public Map<SandboxId, JournalEntry> entries() {
        return disk.entries();
    }

    @Override
    public Optional<JournalEntry> entry(SandboxId id) {
        return disk.entry(id);
    }

    @Override
    public void write(SandboxId id, JournalEntry entry) {
        act("journal.write", () -> disk.write(id, entry));
    }

    @Override
    public void note(SandboxId id, JournalEntry entry) {
        act("journal.note", () -> disk.note(id, entry));
    }

    @Override
    public void delete(SandboxId id) {
        act("journal.delete", () -> disk.delete(id));
    }

    @Override
    public Optional<PolicySnapshot> policy() {
        return disk.policy();
    }

    @Override
    public void writePolicy(PolicySnapshot snapshot) {
        act("journal.policy", () -> disk.writePolicy(snapshot));
    }

    private void act(String name, Calls.Action action) {
        try {
            calls.act(name, action);
        } catch (SandboxException e) {
            throw new IllegalStateException(e);
        }
    }
}
