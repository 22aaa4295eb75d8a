package dev.agentcontainers.nodeagent.app;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node agent does whose AgentNode is gone. As a kubelet it comes back with its next start only, where it is told how
 * to join: an AgentNode that is deleted while it runs is a machine that an administrator wants out of the fleet. Used by one
 * thread at a time.
 */
final class LostMembership {
    private static final Logger LOG = LoggerFactory.getLogger(LostMembership.class);

    private final String nodeName;
    private final Rejoin rejoin;
    private final Runnable onRejoined;
    private State state = State.UNKNOWN;

    private enum State {
        /** Nothing was seen since this process began. */
        UNKNOWN,
        MEMBER,
        LEFT,
        REJOINED
    }

    /** Tries to join again. */
    @FunctionalInterface
    interface Rejoin {
        /** @return whether this machine has joined */
        boolean attempt() throws InterruptedException;
    }

    /**
     * @param rejoin false where this machine is not told how to join
     * @param onRejoined called where it has joined, so that this process must be started again
     */
    LostMembership(String nodeName, Rejoin rejoin, Runnable onRejoined) {
        this.nodeName = nodeName;
        this.rejoin = rejoin;
        this.onRejoined = onRejoined;
    }

    /** The AgentNode is there. */
    synchronized void seen() {
        state = State.MEMBER;
    }

    /** There is none. */
    synchronized void missed() {
        switch (state) {
            case UNKNOWN -> joinAgain();
            case MEMBER -> {
                state = State.LEFT;
                LOG.warn(
                        "there is no AgentNode {} any more: this machine has left the fleet. It joins again by 'agentctl"
                                + " node join', or with the next start of the node agent where that is told how to join",
                        nodeName);
            }
            case LEFT, REJOINED -> {}
        }
    }

    private void joinAgain() {
        try {
            if (rejoin.attempt()) {
                state = State.REJOINED;
                LOG.info("there was no AgentNode {} any more: this machine has joined again, starting again", nodeName);
                onRejoined.run();
            } else {
                LOG.warn("there is no AgentNode {}: join this machine by 'agentctl node join'", nodeName);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
