package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.protocol.names.NameLimits;

/** An agent that may ask, and how much it has asked lately. For one thread. */
final class Agent {
    private final String address;
    private final NameLimits limits;
    private final TokenBucket questions;
    private final TokenBucket characters;
    private NameRules rules;
    private int outstanding;

    Agent(String address, NameRules rules, NameLimits limits, long now) {
        this.address = address;
        this.rules = rules;
        this.limits = limits;
        this.questions = new TokenBucket(limits.burst(), limits.queriesPerSecond(), now);
        this.characters =
                new TokenBucket(limits.wildcardCharacters(), limits.wildcardCharactersPerMinute() / 60.0, now);
    }

    String address() {
        return address;
    }

    NameRules rules() {
        return rules;
    }

    /** What it has asked lately still counts. */
    void allow(NameRules other) {
        rules = other;
    }

    boolean has(NameLimits other) {
        return limits.equals(other);
    }

    boolean mayAsk(long now) {
        return questions.take(1, now);
    }

    boolean looksLikeTunnel(WildcardPart part) {
        return part.exceeds(limits);
    }

    /** Whether so much may leave the node for a wildcard. */
    boolean maySend(WildcardPart part, long now) {
        return characters.take(part.length(), now);
    }

    boolean begin() {
        if (outstanding >= limits.outstanding()) {
            return false;
        }
        outstanding++;
        return true;
    }

    void end() {
        outstanding--;
    }
}
