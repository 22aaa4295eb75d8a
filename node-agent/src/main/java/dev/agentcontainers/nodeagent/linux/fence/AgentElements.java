package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Attributes;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.TableMessages;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Verdict;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What the table knows of each agent's interface: its address, its group, what was denied. */
record AgentElements(NetlinkSocket filter, TableReader table) {
    private static final TableMessages MESSAGES = new TableMessages(Names.TABLE);
    private static final int INTERFACE_NAME_SIZE = 16;

    /** All agents as the kernel holds them, by interface name. */
    record Snapshot(
            Map<String, Ipv4> addresses,
            Map<String, Ipv4> established,
            Map<String, String> groups,
            Set<String> receivers,
            Map<String, Long> denied) {
        Set<String> interfaces() {
            Set<String> all = new HashSet<>(addresses.keySet());
            all.addAll(established.keySet());
            all.addAll(groups.keySet());
            all.addAll(receivers);
            all.addAll(denied.keySet());
            return all;
        }

        /** The groups that agents are bound to, by the agents' addresses. */
        Map<Ipv4, String> groupsByAddress() {
            Map<Ipv4, String> all = new HashMap<>();
            addresses.forEach((interfaceName, address) -> {
                String group = groups.get(interfaceName);
                if (group != null) {
                    all.put(address, group);
                }
            });
            return all;
        }

        boolean complete(String interfaceName) {
            return addresses.containsKey(interfaceName)
                    && Objects.equals(addresses.get(interfaceName), established.get(interfaceName))
                    && groups.containsKey(interfaceName)
                    && receivers.contains(interfaceName)
                    && denied.containsKey(interfaceName);
        }
    }

    Snapshot read() throws NetlinkException {
        Map<String, String> groups = new HashMap<>();
        for (Element element : table.elements(Names.AGENTS)) {
            groups.put(
                    Attributes.text(element.key()),
                    Names.group(element.verdict().map(Verdict::chain).orElseThrow()));
        }
        Set<String> receivers = new HashSet<>();
        for (Element element : table.elements(Names.RECEIVERS)) {
            receivers.add(Attributes.text(element.key()));
        }
        Map<String, Long> denied = new HashMap<>();
        for (Element element : table.elements(Names.DENIED)) {
            denied.put(Attributes.text(element.key()), element.packets().orElse(0));
        }
        return new Snapshot(addresses(), sources(Names.ESTABLISHED), groups, receivers, denied);
    }

    /** The agents' addresses alone, by interface name. */
    Map<String, Ipv4> addresses() throws NetlinkException {
        return sources(Names.SOURCES);
    }

    private Map<String, Ipv4> sources(String set) throws NetlinkException {
        Map<String, Ipv4> addresses = new HashMap<>();
        for (Element element : table.elements(set)) {
            addresses.put(
                    Attributes.text(element.key()),
                    Ipv4.of(Arrays.copyOfRange(element.key(), INTERFACE_NAME_SIZE, INTERFACE_NAME_SIZE + 4)));
        }
        return addresses;
    }

    void add(String interfaceName, Ipv4 address, String group) throws NetlinkException {
        byte[] key = TableMessages.interfaceKey(interfaceName);
        filter.execute(TableMessages.transaction(List.of(
                MESSAGES.addElement(Names.SOURCES, sourceKey(interfaceName, address)),
                addEstablished(interfaceName, address, group),
                MESSAGES.addGoto(Names.AGENTS, key, Names.chain(group)),
                MESSAGES.addGoto(Names.RECEIVERS, key, Names.receivingChain(group)),
                MESSAGES.addElement(Names.DENIED, key))));
    }

    void bind(String interfaceName, Ipv4 address, String group) throws NetlinkException {
        byte[] key = TableMessages.interfaceKey(interfaceName);
        filter.execute(TableMessages.transaction(List.of(
                MESSAGES.deleteElement(Names.ESTABLISHED, sourceKey(interfaceName, address)),
                addEstablished(interfaceName, address, group),
                MESSAGES.deleteElement(Names.AGENTS, key),
                MESSAGES.addGoto(Names.AGENTS, key, Names.chain(group)),
                MESSAGES.deleteElement(Names.RECEIVERS, key),
                MESSAGES.addGoto(Names.RECEIVERS, key, Names.receivingChain(group)))));
    }

    /** Completes what an earlier version left of an agent: nothing was sent to agents then. */
    void addReceiver(String interfaceName, String group) throws NetlinkException {
        filter.execute(TableMessages.transaction(List.of(MESSAGES.addGoto(
                Names.RECEIVERS, TableMessages.interfaceKey(interfaceName), Names.receivingChain(group)))));
    }

    /** Completes what an earlier version left of an agent: each packet was looked up anew then. */
    void addEstablishedOf(String interfaceName, Ipv4 address, String group) throws NetlinkException {
        filter.execute(TableMessages.transaction(List.of(addEstablished(interfaceName, address, group))));
    }

    /** A packet whose connection is not known there goes the way of all others. */
    private static NetlinkMessage addEstablished(String interfaceName, Ipv4 address, String group) {
        return MESSAGES.addJump(Names.ESTABLISHED, sourceKey(interfaceName, address), Names.establishedChain(group));
    }

    /** The group that an agent is bound to, as the kernel holds it; empty where it is not attached. */
    Optional<String> group(String interfaceName) throws NetlinkException {
        return table.element(Names.AGENTS, TableMessages.interfaceKey(interfaceName))
                .flatMap(Element::verdict)
                .map(verdict -> Names.group(verdict.chain()));
    }

    /** Removes what the snapshot shows of the interface. */
    void remove(String interfaceName, Snapshot snapshot) throws NetlinkException {
        byte[] key = TableMessages.interfaceKey(interfaceName);
        List<NetlinkMessage> deletions = new ArrayList<>();
        if (snapshot.groups.containsKey(interfaceName)) {
            deletions.add(MESSAGES.deleteElement(Names.AGENTS, key));
        }
        if (snapshot.receivers.contains(interfaceName)) {
            deletions.add(MESSAGES.deleteElement(Names.RECEIVERS, key));
        }
        if (snapshot.denied.containsKey(interfaceName)) {
            deletions.add(MESSAGES.deleteElement(Names.DENIED, key));
        }
        Ipv4 established = snapshot.established.get(interfaceName);
        if (established != null) {
            deletions.add(MESSAGES.deleteElement(Names.ESTABLISHED, sourceKey(interfaceName, established)));
        }
        Ipv4 address = snapshot.addresses.get(interfaceName);
        if (address != null) {
            deletions.add(MESSAGES.deleteElement(Names.SOURCES, sourceKey(interfaceName, address)));
        }
        if (!deletions.isEmpty()) {
            filter.execute(TableMessages.transaction(deletions));
        }
    }

    /** Removes what counts the connections of an interface that is gone. The kernel does it too, once it finds that there are none. */
    void removeCount(String interfaceName) throws NetlinkException {
        try {
            filter.execute(TableMessages.transaction(
                    List.of(MESSAGES.deleteElement(Names.CONNECTIONS, TableMessages.interfaceKey(interfaceName)))));
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.ENOENT) {
                throw e;
            }
        }
    }

    private static byte[] sourceKey(String interfaceName, Ipv4 address) {
        return ByteBuffer.allocate(INTERFACE_NAME_SIZE + 4)
                .put(TableMessages.interfaceKey(interfaceName))
                .putInt(address.bits())
                .array();
    }
}
