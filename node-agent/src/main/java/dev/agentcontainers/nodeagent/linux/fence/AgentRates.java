package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.linux.netlink.Attributes;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.nftables.TableMessages;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Limit;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rates that agents are held to: for each direction a limit of the kernel, to which an element leads by the agent's
 * interface. One rate takes the place of another in one transaction, so that no packet passes between the two. Limits outlive
 * this process. Not thread-safe.
 */
final class AgentRates {
    private static final TableMessages MESSAGES = new TableMessages(Names.TABLE);

    /** Bytes that may pass at once beside those of a second: more than the largest packet that the kernel puts together. */
    static final int BURST = 128 << 10;

    private final Place fence;
    private final TableReader table;
    /** Names of limits by interface, for each map. */
    private final Map<String, Map<String, String>> led = new HashMap<>();

    private final Map<String, Limit> limits = new HashMap<>();
    /** What was asked for since this process holds the fence, by interface. */
    private final Map<String, NetworkRates> wanted = new HashMap<>();
    /** How the chains were described when they were written; none before the first rate. */
    private List<String> chains = List.of();
    /** Whether what is remembered of the kernel is so for sure. */
    private boolean known;

    AgentRates(Place fence, TableReader table) {
        this.fence = fence;
        this.table = table;
    }

    /** Takes up what an earlier process left, which goes on limiting. */
    void adopt() throws IOException {
        write();
        read();
    }

    private boolean stand() {
        return !chains.isEmpty();
    }

    private void write() throws IOException {
        fence.transaction(RateRules.text());
        chains = table.described(RateRules.CHAINS);
    }

    private void read() throws NetlinkException {
        known = false;
        limits.clear();
        for (String map : List.of(Names.SENDING_RATES, Names.RECEIVING_RATES)) {
            Map<String, String> its = new HashMap<>();
            for (Element element : table.elements(map)) {
                its.put(Attributes.text(element.key()), element.object().orElse(""));
            }
            led.put(map, its);
        }
        for (Limit limit : table.limits()) {
            limits.put(limit.name(), limit);
        }
        known = true;
    }

    /** Interfaces that are held to some rate. */
    Set<String> interfaces() {
        Set<String> all = new HashSet<>();
        led.values().forEach(its -> all.addAll(its.keySet()));
        return all;
    }

    /** Holds the interface's agent to these rates and to no others, from its next packet on. */
    void set(String interfaceName, NetworkRates rates) throws IOException {
        if (!stand()) {
            if (rates.isEmpty()) {
                return;
            }
            write();
        }
        if (!known) {
            read();
        }
        try {
            change(interfaceName, rates);
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.EBUSY) {
                throw e;
            }
            // Others have led to a limit meanwhile, which the kernel keeps then.
            read();
            change(interfaceName, rates);
        }
        wanted.put(interfaceName, rates);
    }

    private void change(String interfaceName, NetworkRates rates) throws NetlinkException {
        Limit sending = limit(rates.egress(), rate -> Names.sendingRate(interfaceName, rate));
        Limit receiving = limit(rates.ingress(), rate -> Names.receivingRate(interfaceName, rate));
        List<NetlinkMessage> changes = new ArrayList<>(changes(Names.SENDING_RATES, interfaceName, sending));
        changes.addAll(changes(Names.RECEIVING_RATES, interfaceName, receiving));
        if (!changes.isEmpty()) {
            known = false;
            fence.filter().execute(TableMessages.transaction(changes));
            remember(Names.SENDING_RATES, interfaceName, sending);
            remember(Names.RECEIVING_RATES, interfaceName, receiving);
            known = true;
        }
    }

    /** Holds the interface's agent, which is gone, to nothing any more. */
    void forget(String interfaceName) throws IOException {
        wanted.remove(interfaceName);
        set(interfaceName, NetworkRates.NONE);
        wanted.remove(interfaceName);
    }

    private interface Naming {
        String of(long rate);
    }

    private static @Nullable Limit limit(OptionalLong rate, Naming naming) {
        return rate.isPresent() ? new Limit(naming.of(rate.getAsLong()), rate.getAsLong(), BURST, true) : null;
    }

    /** Those of one transaction, which takes limits out of the way that others left there. */
    private List<NetlinkMessage> changes(String map, String interfaceName, @Nullable Limit next) {
        String held = led(map).get(interfaceName);
        if (isHeld(held, next)) {
            return List.of();
        }
        byte[] key = TableMessages.interfaceKey(interfaceName);
        List<NetlinkMessage> changes = new ArrayList<>();
        if (held != null) {
            changes.add(MESSAGES.deleteElement(map, key));
        }
        Set<String> unused = new HashSet<>();
        Optional.ofNullable(held)
                .filter(name -> Names.isRateOf(interfaceName, name))
                .ifPresent(unused::add);
        Optional.ofNullable(next).map(Limit::name).ifPresent(unused::add);
        unused.stream()
                .filter(name -> limits.containsKey(name) && !isLedToByOthers(map, interfaceName, name))
                .map(MESSAGES::deleteLimit)
                .forEach(changes::add);
        if (next != null) {
            changes.add(MESSAGES.putExcess(next.name(), next.bytesPerSecond(), next.burst()));
            changes.add(MESSAGES.addObject(map, key, next.name()));
        }
        return changes;
    }

    /** An element that is not ours leads there: the kernel keeps such a limit. */
    private boolean isLedToByOthers(String map, String interfaceName, String limit) {
        return led(map).entrySet().stream()
                .anyMatch(each ->
                        !each.getKey().equals(interfaceName) && each.getValue().equals(limit));
    }

    private boolean isHeld(@Nullable String held, @Nullable Limit next) {
        if (next == null) {
            return held == null;
        }
        return next.name().equals(held) && next.equals(limits.get(next.name()));
    }

    private Map<String, String> led(String map) {
        return led.computeIfAbsent(map, _ -> new HashMap<>());
    }

    private void remember(String map, String interfaceName, @Nullable Limit now) {
        String former = led(map).remove(interfaceName);
        if (former != null && Names.isRateOf(interfaceName, former) && !isLedToByOthers(map, interfaceName, former)) {
            limits.remove(former);
        }
        if (now != null) {
            led(map).put(interfaceName, now.name());
            limits.put(now.name(), now);
        }
    }

    /**
     * Puts right what others changed.
     *
     * @param attached all interfaces of agents; what others lead to goes
     * @return what that was
     */
    List<String> repair(Set<String> attached) throws IOException {
        if (!stand()) {
            return List.of();
        }
        List<String> repaired = new ArrayList<>();
        if (!table.described(RateRules.CHAINS).equals(chains)) {
            write();
            repaired.add("the rules that hold agents to their rates were changed");
        }
        read();
        // What is nobody's first: it may lead to limits that are to be changed.
        for (String left : interfaces()) {
            if (!attached.contains(left)) {
                forget(left);
            }
        }
        for (Map.Entry<String, NetworkRates> each : List.copyOf(wanted.entrySet())) {
            if (attached.contains(each.getKey()) && !isHeld(each.getKey(), each.getValue())) {
                set(each.getKey(), each.getValue());
                repaired.add("the rates of the agent at the interface " + each.getKey() + " were changed");
            }
        }
        removeUnused();
        return repaired;
    }

    /** Limits that stayed because others led to them, as long as they did. */
    private void removeUnused() throws NetlinkException {
        List<NetlinkMessage> unused = limits.keySet().stream()
                .filter(Names::isRate)
                .filter(name -> led.values().stream().noneMatch(its -> its.containsValue(name)))
                .map(MESSAGES::deleteLimit)
                .toList();
        if (!unused.isEmpty()) {
            known = false;
            fence.filter().execute(TableMessages.transaction(unused));
            read();
        }
    }

    private boolean isHeld(String interfaceName, NetworkRates rates) {
        return isHeld(
                        led(Names.SENDING_RATES).get(interfaceName),
                        limit(rates.egress(), rate -> Names.sendingRate(interfaceName, rate)))
                && isHeld(
                        led(Names.RECEIVING_RATES).get(interfaceName),
                        limit(rates.ingress(), rate -> Names.receivingRate(interfaceName, rate)));
    }
}
