package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Stands between agents and the network, outside what agents can touch. Denies everything that no ruleset allows:
 * before a sandbox is attached, while rules change, and when the node agent is gone.
 *
 * <p>Level-triggered and idempotent like {@link dev.agentcontainers.nodeagent.driver.IsolationDriver}; thread-safe.
 * Every method returns only after the kernel has acknowledged the change and it was read back.
 */
public interface Fence {
    /** Makes the fence, or adopts the one that an earlier process left, with all its attachments intact. */
    void open(FenceSettings settings) throws SandboxException;

    /**
     * Replaces all rulesets in one transaction. Groups that attached sandboxes use and that are missing here allow
     * nothing afterwards. What can't be charged to budgets keeps nothing else from being applied or taken back: its group is
     * held {@linkplain GroupRuleset#withoutBudgets without it}, of which {@link #repair} warns, until this is called again.
     *
     * @return for each group the hash of the ruleset as the kernel holds it, read back from it
     */
    Map<String, String> apply(List<GroupRuleset> groups) throws SandboxException;

    /**
     * Gives the sandbox its interface and address, bound to the group's rules and within the rates, before the agent's first
     * instruction; for a sandbox that is attached already, binds it to the (other) group and holds it to the (other) rates
     * from its next packet on, whatever connections it has. Rates are no part of a ruleset, nor of its hash.
     *
     * @throws SandboxException of kind TRANSIENT where the group is not applied yet, and for any failure; then nothing
     *     is left behind, and what is attached already keeps the rates that it had
     */
    Attachment attach(SandboxId id, NetworkAttachment network, String group, NetworkRates rates)
            throws SandboxException;

    /** The same as fast as the network is. */
    default Attachment attach(SandboxId id, NetworkAttachment network, String group) throws SandboxException {
        return attach(id, network, group, NetworkRates.NONE);
    }

    /**
     * Lets the sandbox reach what a name of its group has resolved to, until the time is up; where it may already, for that
     * long at least. Connections that began go on afterwards, for as long as the group has names with that port of which
     * none was taken back. All of it ends when the sandbox is detached or bound to another group.
     *
     * @param rulesetHash hash of the ruleset whose name resolved to them: nothing is opened where the sandbox's group has
     *     another by now, which may have taken that name back and left others with its ports
     * @throws SandboxException of kind INVALID_SPEC for an address that no name may open (this node's, the fleet's, what is
     *     never allowed) and a port that no name of the group has; of kind TRANSIENT where the sandbox is not attached, has
     *     too many open already, where its group has another ruleset, and for any failure
     */
    void openResolved(SandboxId id, String rulesetHash, List<ResolvedDestination> destinations) throws SandboxException;

    /**
     * New sockets at the address that agents know as their name server. No other packet of an agent reaches anything
     * local, and nothing but answers leaves by them.
     *
     * @throws SandboxException of kind TRANSIENT while a process listens at earlier ones, and for any failure
     */
    NameServerSockets nameServerSockets() throws SandboxException;

    /**
     * Holds this node's egress proxy to the resolvers that it is to ask: whatever else its user sends from the host, to the
     * machine itself too, is dropped from now on, until the fence is removed. To be called before the proxy is started and
     * before it is told of other resolvers. Where it is already so, puts right what others may have changed.
     *
     * @return the user that the proxy has to run as, which nobody else of this machine has
     * @throws SandboxException of kind TRANSIENT for any failure: then it is not held, and must not run
     */
    long confineProxy(Collection<InetSocketAddress> resolvers) throws SandboxException;

    /**
     * Begins a connection of TCP to a port of the sandbox for this node's own probes. It comes from the fence, by no rule of any
     * group, opens the port to nobody else, and is known by a mark that only this node's agent can give. Waits for no other method.
     *
     * @param port 1 to 65535
     * @throws SandboxException of kind TRANSIENT where the sandbox is not attached, and for any failure; of kind UNSUPPORTED
     *     where a fence has no way to its sandboxes
     */
    default AgentConnection connect(SandboxId id, int port) throws SandboxException {
        throw new SandboxException(
                Step.FENCE, Kind.UNSUPPORTED, "this node's fence has no way to the agent for probes");
    }

    /** Removes the sandbox's interface, address and rules. No effect where it is not attached. */
    void detach(SandboxId id) throws SandboxException;

    /** Every attached sandbox, as the kernel shows it. */
    Map<SandboxId, Attachment> attachments() throws SandboxException;

    /** Packets of the sandbox that were denied so far, also once its network namespace is gone, until it is detached. */
    default long deniedPackets(SandboxId id) throws SandboxException {
        Attachment attached = attachments().get(id);
        return attached == null ? 0 : attached.deniedPackets();
    }

    /**
     * What each attached sandbox has used of its rules' budgets so far; sandboxes without such rules are missing. What a
     * sandbox has used stays with it and the rule, whatever becomes of the rule or of the sandbox's attachment, until it is
     * forgotten. To be asked now and then: what was read last is what is put back where others took it away.
     */
    default Map<SandboxId, List<BudgetUse>> budgets() throws SandboxException {
        return Map.of();
    }

    /**
     * Takes bytes of a budget for who relays for the sandbox by a rule with tls or http, since packets of that pass no chain in which they are
     * counted. They are used from then on.
     *
     * @param needed bytes, 1 or more
     * @return how many there are: as many, or a small part of what is left where that is more; fewer where there are no more, which may
     *     be none
     * @throws SandboxException of kind INVALID_SPEC where no such rule of the sandbox's group has a budget; of kind TRANSIENT where
     *     the sandbox is not attached, and for any failure
     */
    default long lend(SandboxId id, String rule, long needed) throws SandboxException {
        throw new SandboxException(Step.FENCE, Kind.UNSUPPORTED, "this node's fence has no budgets");
    }

    /** Gives back what was taken by {@link #lend} and did not pass; for who knows how much that was. */
    default void takeBack(SandboxId id, String rule, long bytes) throws SandboxException {}

    /**
     * Forgets what the sandbox has used of budgets, since it will not come again. No effect where it is attached. What can't be
     * forgotten now is with a later {@link #repair}.
     */
    default void forgetBudgets(SandboxId id) throws SandboxException {}

    /**
     * Replaces what no ruleset opens beside what is built in; {@link FenceSettings#neverAllowed} is where it began.
     * Addresses that come are closed before this returns, also for connections that exist.
     */
    void neverAllow(List<String> addressesAndRanges) throws SandboxException;

    /**
     * Takes in this machine's new addresses and puts right what others may have changed of what the fence needs outside
     * itself. To be called now and then and after {@link #onDisturbance} has said so.
     */
    Condition repair() throws SandboxException;

    /**
     * Has the listener called, on a thread of the fence's own, after something has changed that {@link #repair} may have
     * to put right. There is one listener; it must return soon.
     */
    void onDisturbance(Runnable listener) throws SandboxException;

    /**
     * Has the listener told what the fence lets pass and stops, from now on, until the fence is closed. It is called on
     * threads of the fence's own and must return at once; what it does not take in time is lost, and nothing waits for it.
     * There is one listener. A fence that knows of nothing tells nothing.
     */
    default void observe(Consumer<FenceEvent> listener) throws SandboxException {}

    /**
     * What passed so far of each conversation of agents that the kernel knows, their questions for names left out. Empty where nobody
     * observes, since nothing is counted then. Holds up no other method.
     */
    default List<FlowTraffic> traffic() throws SandboxException {
        return List.of();
    }

    /**
     * Removes the fence and everything of it from this machine where no sandbox is attached to it; where one is, leaves it
     * as it is.
     *
     * @return whether it was removed
     */
    boolean destroyUnused() throws SandboxException;

    /** Removes the fence and everything of it from this machine. */
    void destroy() throws SandboxException;

    /**
     * How a fence stands.
     *
     * @param repaired what was put right just now
     * @param warnings what an administrator should know or do, with the command where there is one
     */
    record Condition(List<String> repaired, List<String> warnings) {
        public static final Condition SOUND = new Condition(List.of(), List.of());

        public Condition {
            repaired = List.copyOf(repaired);
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * An attached sandbox.
     *
     * @param address the agent's address
     * @param hash hash of the group's ruleset as the kernel holds it
     * @param deniedPackets packets of the agent that were denied so far
     */
    record Attachment(String address, String group, String hash, long deniedPackets) {}
}
