package dev.agentcontainers.nodeagent.journal;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps entries so that they outlive this process and the machine's power. Thread-safe; entries of one sandbox are
 * written by one thread at a time.
 */
public interface Journal {
    /** Every entry. One that can't be read is reported and left out; its sandbox is then a leftover. */
    Map<SandboxId, JournalEntry> entries();

    /** The entry of that sandbox; empty where there is none, or none that can be read. */
    Optional<JournalEntry> entry(SandboxId id);

    /**
     * Writes the entry; when this returns it is on the disk.
     *
     * @throws JournalException where it can't be written; the earlier entry is still there
     */
    void write(SandboxId id, JournalEntry entry);

    /**
     * Writes the entry so that it survives this process; a loss of power may undo it. For an assignment's arrival, which
     * comes again, and for stages of a start, which the machine itself shows to be undone after a loss of power.
     *
     * @throws JournalException where it can't be written; the earlier entry is still there
     */
    void note(SandboxId id, JournalEntry entry);

    /**
     * Forgets the sandbox.
     *
     * @throws JournalException where that can't be written
     */
    void delete(SandboxId id);

    /** The last policy that was applied to the fence. */
    Optional<PolicySnapshot> policy();

    /** @throws JournalException where it can't be written; the earlier one is still there */
    void writePolicy(PolicySnapshot snapshot);
}
