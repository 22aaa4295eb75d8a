package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.journal.Journal;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.Optional;

/** What is remembered of one agent: what is said here is in the journal. Used by one thread. */
final class AgentRecord {
    private final SandboxId id;
    private final Journal journal;
    private Optional<JournalEntry> entry;

    /** @param entry of an earlier process, where there is one */
    AgentRecord(SandboxId id, Journal journal, Optional<JournalEntry> entry) {
        this.id = id;
        this.journal = journal;
        this.entry = entry;
    }

    Optional<JournalEntry> entry() {
        return entry;
    }

    /** Remembers it over a loss of power. */
    JournalEntry keep(JournalEntry changed) {
        journal.write(id, changed);
        entry = Optional.of(changed);
        return changed;
    }

    /** Remembers it over the end of this process. */
    JournalEntry note(JournalEntry changed) {
        journal.note(id, changed);
        entry = Optional.of(changed);
        return changed;
    }

    /** Forgets it on the disk; what it said last is still known here. */
    void delete() {
        journal.delete(id);
    }
}
