package dev.agentcontainers.nodeagent.linux.nftables;

import dev.agentcontainers.nodeagent.linux.netlink.Attributes;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.Payload;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reads what a namespace's nftables hold of all families, whoever made it. Changes nothing. */
public record HostRules(NetlinkSocket socket) {
    private static final int GET_TABLE = TableMessages.SUBSYSTEM | 1;
    private static final int GET_CHAIN = TableMessages.SUBSYSTEM | 4;
    private static final int GET_RULE = TableMessages.SUBSYSTEM | 7;
    private static final int NFTA_TABLE_NAME = 1;
    private static final int NFTA_CHAIN_TABLE = 1;
    private static final int NFTA_CHAIN_NAME = 3;
    private static final int NFTA_CHAIN_HOOK = 4;
    private static final int NFTA_CHAIN_POLICY = 5;
    private static final int NFTA_HOOK_NUMBER = 1;
    private static final int NFTA_RULE_TABLE = 1;
    private static final int NFTA_RULE_CHAIN = 2;
    private static final int NFTA_RULE_EXPRESSIONS = 4;
    private static final int NFTA_EXPR_NAME = 1;
    private static final int NFTA_EXPR_DATA = 2;
    private static final int NFTA_IMMEDIATE_DATA = 2;
    private static final int FORWARD = 2;
    private static final int DROP = 0;
    private static final int HEADER = 4;

    /** Families that see forwarded IPv4 packets, by number. */
    private static final Map<Integer, String> FAMILIES = Map.of(1, "inet", 2, "ip");

    /** Steps of a rule that neither choose packets nor decide on them. */
    private static final Set<String> WITHOUT_CHOICE = Set.of("counter", "log");

    /**
     * A chain that drops forwarded packets which no other rule of it accepts.
     *
     * @param siblings names of all chains of its table
     */
    public record Dropping(String family, String table, String chain, Set<String> siblings) {
        @Override
        public String toString() {
            return "chain " + chain + " of table " + family + " " + table;
        }
    }

    /** Whose table it is. */
    public enum Family {
        INET(1),
        IP(2);

        private final int number;

        Family(int number) {
            this.number = number;
        }
    }

    private record Chain(int family, Attributes attributes) {
        String table() {
            return attributes.text(NFTA_CHAIN_TABLE).orElse("");
        }

        String name() {
            return attributes.text(NFTA_CHAIN_NAME).orElse("");
        }

        boolean seesForwardedPackets() {
            return FAMILIES.containsKey(family)
                    && attributes
                            .nested(NFTA_CHAIN_HOOK)
                            .flatMap(hook -> hook.integerBigEndian(NFTA_HOOK_NUMBER))
                            .equals(Optional.of(FORWARD));
        }

        boolean dropsByPolicy() {
            return attributes.integerBigEndian(NFTA_CHAIN_POLICY).equals(Optional.of(DROP));
        }
    }

    /**
     * A text that is another one after any change of the table's chains and rules; empty where there is no such table.
     */
    public String fingerprint(Family of, String table) throws NetlinkException {
        List<byte[]> parts = new ArrayList<>();
        parts.addAll(ofTable(dump("list tables", GET_TABLE, of.number, table), NFTA_TABLE_NAME, table));
        parts.addAll(ofTable(dump("list chains", GET_CHAIN, of.number, table), NFTA_CHAIN_TABLE, table));
        parts.addAll(ofTable(dump("list rules", GET_RULE, of.number, table), NFTA_RULE_TABLE, table));
        StringBuilder text = new StringBuilder();
        for (byte[] part : parts) {
            // Without the family's header, which numbers the changes of all tables.
            text.append(HexFormat.of().formatHex(part, HEADER, part.length)).append('\n');
        }
        return text.toString();
    }

    /**
     * Chains that drop what they were not told to let pass, without those whose table has a rule about interfaces of that
     * name or beginning.
     */
    public List<Dropping> droppingForwarded(String interfaceName) throws NetlinkException {
        List<Chain> chains = dump("list chains", GET_CHAIN, 0, "").stream()
                .map(reply -> new Chain(reply.payload()[0], new Attributes(reply.payload(), HEADER)))
                .toList();
        List<Dropping> dropping = new ArrayList<>();
        for (Chain chain : chains) {
            if (!chain.seesForwardedPackets()) {
                continue;
            }
            List<NetlinkMessage> rules = dump("list rules", GET_RULE, chain.family, chain.table());
            if ((chain.dropsByPolicy() || endsWithRefusal(rules, chain)) && !speaksOf(rules, interfaceName)) {
                Set<String> siblings = new TreeSet<>();
                chains.stream()
                        .filter(each ->
                                each.family == chain.family && each.table().equals(chain.table()))
                        .forEach(each -> siblings.add(each.name()));
                dropping.add(
                        new Dropping(FAMILIES.getOrDefault(chain.family, ""), chain.table(), chain.name(), siblings));
            }
        }
        return dropping;
    }

    private static boolean endsWithRefusal(List<NetlinkMessage> rules, Chain chain) {
        return rules.stream()
                .map(rule -> new Attributes(rule.payload(), HEADER))
                .filter(rule -> rule.text(NFTA_RULE_TABLE).equals(Optional.of(chain.table()))
                        && rule.text(NFTA_RULE_CHAIN).equals(Optional.of(chain.name())))
                .reduce((first, second) -> second)
                .flatMap(rule -> rule.nested(NFTA_RULE_EXPRESSIONS))
                .filter(HostRules::refusesAll)
                .isPresent();
    }

    private static boolean refusesAll(Attributes expressions) {
        for (Attributes expression : expressions.elements()) {
            String kind = expression.text(NFTA_EXPR_NAME).orElse("");
            if (!WITHOUT_CHOICE.contains(kind)) {
                return kind.equals("reject") || (kind.equals("immediate") && drops(expression));
            }
        }
        return false;
    }

    private static boolean drops(Attributes expression) {
        return expression
                .nested(NFTA_EXPR_DATA)
                .flatMap(data -> data.nested(NFTA_IMMEDIATE_DATA))
                .flatMap(data -> data.nested(TableMessages.NFTA_DATA_VERDICT))
                .flatMap(verdict -> verdict.integerBigEndian(TableMessages.NFTA_VERDICT_CODE))
                .equals(Optional.of(DROP));
    }

    private static boolean speaksOf(List<NetlinkMessage> rules, String interfaceName) {
        String sought = HexFormat.of().formatHex(interfaceName.getBytes(StandardCharsets.US_ASCII));
        return rules.stream()
                .anyMatch(rule -> HexFormat.of().formatHex(rule.payload()).contains(sought));
    }

    private static List<byte[]> ofTable(List<NetlinkMessage> replies, int attribute, String table) {
        return replies.stream()
                .map(NetlinkMessage::payload)
                .filter(payload ->
                        new Attributes(payload, HEADER).text(attribute).equals(Optional.of(table)))
                .toList();
    }

    /** @param table the kernel leaves out rules of others where it is not empty */
    private List<NetlinkMessage> dump(String action, int type, int family, String table) throws NetlinkException {
        Payload payload = TableMessages.header(family, 0);
        if (type == GET_RULE && !table.isEmpty()) {
            payload.attribute(NFTA_RULE_TABLE, table);
        }
        try {
            return socket.query(
                    new NetlinkMessage(action, type, NetlinkMessage.REQUEST | NetlinkMessage.DUMP, payload.toBytes()));
        } catch (NetlinkException e) {
            if (e.errno() == NetlinkException.ENOENT) {
                return List.of();
            }
            throw e;
        }
    }
}
