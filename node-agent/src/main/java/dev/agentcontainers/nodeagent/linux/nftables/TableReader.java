package dev.agentcontainers.nodeagent.linux.nftables;

import dev.agentcontainers.nodeagent.linux.netlink.Attributes;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.Payload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Reads one table of family inet as the kernel holds it. */
public record TableReader(NetlinkSocket socket, String table) {
    private static final int GET_CHAIN = TableMessages.SUBSYSTEM | 4;
    private static final int GET_RULE = TableMessages.SUBSYSTEM | 7;
    private static final int GET_SET = TableMessages.SUBSYSTEM | 10;
    private static final int GET_ELEMENT = TableMessages.SUBSYSTEM | 13;
    private static final int GET_OBJECT = TableMessages.SUBSYSTEM | 19;
    private static final int NFTA_TABLE = 1;
    private static final int NFTA_CHAIN_NAME = 3;
    private static final int NFTA_CHAIN_HOOK = 4;
    private static final int NFTA_CHAIN_POLICY = 5;
    private static final int NFTA_CHAIN_TYPE = 7;
    private static final int NFTA_RULE_CHAIN = 2;
    private static final int NFTA_RULE_EXPRESSIONS = 4;
    private static final int NFTA_SET_NAME = 2;
    private static final int NFTA_EXPR_NAME = 1;
    private static final int NFTA_EXPR_DATA = 2;
    private static final int NFTA_LOOKUP_SET = 1;
    private static final int NFTA_LOOKUP_FLAGS = 5;
    private static final int NFTA_CMP_OP = 2;
    private static final int NFTA_CMP_DATA = 3;
    private static final int NFT_CMP_EQ = 0;
    private static final int NFTA_IMMEDIATE_DATA = 2;
    private static final int NFTA_COUNTER_PACKETS = 2;
    private static final int NFTA_SET_ELEM_EXPIRATION = 5;
    private static final int NFTA_SET_ELEM_EXPR = 7;
    private static final int NFTA_SET_ELEM_OBJECT = TableMessages.NFTA_SET_ELEM_OBJECT;
    private static final int NFTA_SET_ELEM_KEY_END = 10;
    private static final int NFTA_SET_ELEM_EXPRESSIONS = 11;
    private static final int HEADER = 4;

    /** A verdict of a rule or of a map's element: a code, and a chain where it names one. */
    public record Verdict(int code, String chain) {
        public static final int ACCEPT = 1;
        public static final int GOTO = TableMessages.NFT_GOTO;
        public static final int JUMP = TableMessages.NFT_JUMP;
    }

    /** The kind of a step that asks for something of the packet's connection, or sets it. */
    public static final String CONNECTION = "ct";

    /** The kind of a step that passes what is not in the set. */
    public static final String INVERTED_LOOKUP = "inverted lookup";

    /**
     * A step of a rule: its kind, and what it does with it.
     *
     * @param set that it looks up in
     * @param verdict that it gives
     * @param number of four bytes, in the machine's order, that it asks for equality with, or that it loads
     */
    public record Expression(String kind, Optional<String> set, Optional<Verdict> verdict, OptionalInt number) {
        Expression(String kind, Optional<String> set, Optional<Verdict> verdict) {
            this(kind, set, verdict, OptionalInt.empty());
        }
    }

    public record Rule(String chain, List<Expression> expressions) {}

    /**
     * An element of a set.
     *
     * @param keyEnd last key of an interval; equal to {@code key} where the element is none
     * @param mark what a map of marks maps it to
     * @param packets what the element's own counter counted
     * @param millisecondsLeft of an element that is there for a while
     * @param object name of the object that a map of objects maps it to
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Element(
            byte[] key,
            byte[] keyEnd,
            Optional<Verdict> verdict,
            OptionalInt mark,
            OptionalLong packets,
            OptionalLong millisecondsLeft,
            Optional<String> object) {
        /** One that is mapped to no object. */
        public Element(
                byte[] key,
                byte[] keyEnd,
                Optional<Verdict> verdict,
                OptionalInt mark,
                OptionalLong packets,
                OptionalLong millisecondsLeft) {
            this(key, keyEnd, verdict, mark, packets, millisecondsLeft, Optional.empty());
        }
    }

    /**
     * A quota of the table.
     *
     * @param bytes up to which it matches packets
     * @param used bytes of packets that asked it so far, those included that it did not match
     * @param inverted whether it matches packets beyond instead
     */
    public record Quota(String name, long bytes, long used, boolean inverted) {}

    /**
     * A limit of the table, of bytes.
     *
     * @param burst bytes beside those of a second that it matches at once
     * @param inverted whether it matches packets beyond instead
     */
    public record Limit(String name, long bytesPerSecond, int burst, boolean inverted) {}

    /** Names of the table's chains; empty where there is no such table. */
    public List<String> chains() throws NetlinkException {
        return names(dump("list chains", GET_CHAIN, header()), NFTA_CHAIN_NAME);
    }

    /** Names of the table's sets, anonymous ones not included. */
    public List<String> sets() throws NetlinkException {
        return names(dump("list sets", GET_SET, header().attribute(NFTA_TABLE, table)), NFTA_SET_NAME).stream()
                .filter(name -> !name.startsWith("__"))
                .toList();
    }

    /**
     * The chain in bytes, to be compared with what it was: where it hooks in, what becomes of packets that no rule decides on, and its
     * rules in their order. Empty where there is no such chain. Only for rules that count nothing themselves.
     */
    public List<ByteBuffer> imprint(String chain) throws NetlinkException {
        Payload request = header().attribute(NFTA_TABLE, table).attribute(NFTA_CHAIN_NAME, chain);
        List<ByteBuffer> imprint = new ArrayList<>();
        for (Attributes found : ask("look up the chain " + chain, GET_CHAIN, 0, request)) {
            for (int part : List.of(NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE)) {
                imprint.add(ByteBuffer.wrap(found.bytes(part).orElse(new byte[0])));
            }
        }
        Payload rules = header().attribute(NFTA_TABLE, table).attribute(NFTA_RULE_CHAIN, chain);
        for (Attributes rule : dump("list the rules of " + chain, GET_RULE, rules)) {
            if (rule.text(NFTA_RULE_CHAIN).filter(chain::equals).isPresent()) {
                imprint.add(ByteBuffer.wrap(rule.bytes(NFTA_RULE_EXPRESSIONS).orElse(new byte[0])));
            }
        }
        return imprint;
    }

    /** All rules in their order. */
    public List<Rule> rules() throws NetlinkException {
        return rules(dump("list rules", GET_RULE, header().attribute(NFTA_TABLE, table)));
    }

    /** The rules of one chain in their order; none where there is no such chain. */
    public List<Rule> rules(String chain) throws NetlinkException {
        Payload request = header().attribute(NFTA_TABLE, table).attribute(NFTA_RULE_CHAIN, chain);
        return rules(dump("list the rules of " + chain, GET_RULE, request)).stream()
                .filter(rule -> rule.chain().equals(chain))
                .toList();
    }

    private List<Rule> rules(List<Attributes> dumped) {
        List<Rule> rules = new ArrayList<>();
        for (Attributes attributes : dumped) {
            if (attributes.text(NFTA_TABLE).filter(table::equals).isPresent()) {
                List<Expression> expressions = attributes.nested(NFTA_RULE_EXPRESSIONS).stream()
                        .flatMap(list -> list.elements().stream())
                        .map(TableReader::expression)
                        .toList();
                rules.add(new Rule(attributes.text(NFTA_RULE_CHAIN).orElse(""), expressions));
            }
        }
        return rules;
    }

    public List<Element> elements(String set) throws NetlinkException {
        Payload request = header().attribute(TableMessages.NFTA_ELEM_LIST_TABLE, table)
                .attribute(TableMessages.NFTA_ELEM_LIST_SET, set);
        List<Element> elements = new ArrayList<>();
        for (Attributes part : dump("list the set " + set, GET_ELEMENT, request)) {
            part.nested(TableMessages.NFTA_ELEM_LIST_ELEMENTS)
                    .ifPresent(list -> list.elements().forEach(element -> elements.add(element(element))));
        }
        return elements;
    }

    /** All quotas of the table. */
    public List<Quota> quotas() throws NetlinkException {
        List<Quota> quotas = new ArrayList<>();
        for (Attributes attributes : objects(TableMessages.QUOTA)) {
            Attributes data =
                    attributes.nested(TableMessages.NFTA_OBJ_DATA).orElseGet(() -> new Attributes(new byte[0], 0));
            quotas.add(new Quota(
                    attributes.text(TableMessages.NFTA_OBJ_NAME).orElse(""),
                    data.longBigEndian(TableMessages.NFTA_QUOTA_BYTES).orElse(0L),
                    data.longBigEndian(TableMessages.NFTA_QUOTA_CONSUMED).orElse(0L),
                    data.integerBigEndian(TableMessages.NFTA_QUOTA_FLAGS).orElse(0) % 2 != 0));
        }
        return quotas;
    }

    /** All limits of the table. */
    public List<Limit> limits() throws NetlinkException {
        List<Limit> limits = new ArrayList<>();
        for (Attributes attributes : objects(TableMessages.LIMIT)) {
            Optional<Attributes> data = attributes.nested(TableMessages.NFTA_OBJ_DATA);
            limits.add(new Limit(
                    attributes.text(TableMessages.NFTA_OBJ_NAME).orElse(""),
                    data.flatMap(its -> its.longBigEndian(TableMessages.NFTA_LIMIT_RATE))
                            .orElse(0L),
                    data.flatMap(its -> its.integerBigEndian(TableMessages.NFTA_LIMIT_BURST))
                            .orElse(0),
                    data.flatMap(its -> its.integerBigEndian(TableMessages.NFTA_LIMIT_FLAGS))
                                    .orElse(0)
                            == TableMessages.NFT_LIMIT_INVERTED));
        }
        return limits;
    }

    private List<Attributes> objects(int type) throws NetlinkException {
        Payload request = header().attribute(NFTA_TABLE, table).attributeBigEndian(TableMessages.NFTA_OBJ_TYPE, type);
        return dump("list objects", GET_OBJECT, request).stream()
                .filter(attributes ->
                        attributes.text(NFTA_TABLE).filter(table::equals).isPresent()
                                && attributes
                                        .integerBigEndian(TableMessages.NFTA_OBJ_TYPE)
                                        .equals(Optional.of(type)))
                .toList();
    }

    /** The chains and their rules as the kernel describes them: other texts after any change of one. */
    public List<String> described(Collection<String> chains) throws NetlinkException {
        List<String> described = new ArrayList<>();
        NetlinkMessage all = new NetlinkMessage(
                "list chains", GET_CHAIN, NetlinkMessage.REQUEST | NetlinkMessage.DUMP, header().toBytes());
        for (NetlinkMessage reply : socket.query(all)) {
            Attributes chain = new Attributes(reply.payload(), HEADER);
            if (chain.text(NFTA_TABLE).filter(table::equals).isPresent()
                    && chain.text(NFTA_CHAIN_NAME).filter(chains::contains).isPresent()) {
                described.add(HexFormat.of().formatHex(reply.payload(), HEADER, reply.payload().length));
            }
        }
        for (String chain : chains) {
            Payload request = header().attribute(NFTA_TABLE, table).attribute(NFTA_RULE_CHAIN, chain);
            NetlinkMessage question = new NetlinkMessage(
                    "list the rules of " + chain,
                    GET_RULE,
                    NetlinkMessage.REQUEST | NetlinkMessage.DUMP,
                    request.toBytes());
            try {
                for (NetlinkMessage reply : socket.query(question)) {
                    // Without the family's header, which numbers the changes of all tables.
                    described.add(HexFormat.of().formatHex(reply.payload(), HEADER, reply.payload().length));
                }
            } catch (NetlinkException e) {
                if (e.errno() != NetlinkException.ENOENT) {
                    throw e;
                }
            }
        }
        return described;
    }

    /** The element with just this key. */
    public Optional<Element> element(String set, byte[] key) throws NetlinkException {
        Payload request = new TableMessages(table).elements(set, key, element -> {});
        return ask("look up in the set " + set, GET_ELEMENT, 0, request).stream()
                .flatMap(part -> part.nested(TableMessages.NFTA_ELEM_LIST_ELEMENTS).stream())
                .flatMap(list -> list.elements().stream())
                .map(TableReader::element)
                .findFirst();
    }

    private static Expression expression(Attributes attributes) {
        String kind = attributes.text(NFTA_EXPR_NAME).orElse("");
        Optional<Attributes> data = attributes.nested(NFTA_EXPR_DATA);
        return switch (kind) {
            case "lookup" ->
                new Expression(
                        isInverted(data) ? INVERTED_LOOKUP : kind,
                        data.flatMap(d -> d.text(NFTA_LOOKUP_SET)),
                        Optional.empty());
            case "immediate" ->
                new Expression(
                        kind,
                        Optional.empty(),
                        data.flatMap(d -> d.nested(NFTA_IMMEDIATE_DATA)).flatMap(TableReader::verdict),
                        number(data, NFTA_IMMEDIATE_DATA));
            case "cmp" ->
                new Expression(
                        kind,
                        Optional.empty(),
                        Optional.empty(),
                        asksForEquality(data) ? number(data, NFTA_CMP_DATA) : OptionalInt.empty());
            default -> new Expression(kind, Optional.empty(), Optional.empty());
        };
    }

    private static boolean asksForEquality(Optional<Attributes> comparison) {
        return comparison.flatMap(data -> data.integerBigEndian(NFTA_CMP_OP)).equals(Optional.of(NFT_CMP_EQ));
    }

    private static OptionalInt number(Optional<Attributes> data, int attribute) {
        Optional<byte[]> value = data.flatMap(d -> d.nested(attribute))
                .flatMap(d -> d.bytes(TableMessages.NFTA_DATA_VALUE))
                .filter(bytes -> bytes.length == Integer.BYTES);
        return value.isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(ByteBuffer.wrap(value.get())
                        .order(ByteOrder.nativeOrder())
                        .getInt());
    }

    private static boolean isInverted(Optional<Attributes> lookup) {
        return lookup.flatMap(data -> data.integerBigEndian(NFTA_LOOKUP_FLAGS)).orElse(0) != 0;
    }

    private static Element element(Attributes attributes) {
        byte[] key = attributes
                .nested(TableMessages.NFTA_SET_ELEM_KEY)
                .flatMap(data -> data.bytes(TableMessages.NFTA_DATA_VALUE))
                .orElse(new byte[0]);
        byte[] keyEnd = attributes
                .nested(NFTA_SET_ELEM_KEY_END)
                .flatMap(data -> data.bytes(TableMessages.NFTA_DATA_VALUE))
                .orElse(key);
        return new Element(
                key,
                keyEnd,
                attributes.nested(TableMessages.NFTA_SET_ELEM_DATA).flatMap(TableReader::verdict),
                mark(attributes),
                packets(attributes),
                attributes
                        .longBigEndian(NFTA_SET_ELEM_EXPIRATION)
                        .map(OptionalLong::of)
                        .orElse(OptionalLong.empty()),
                attributes.text(NFTA_SET_ELEM_OBJECT));
    }

    private static OptionalInt mark(Attributes attributes) {
        Optional<Integer> mark = attributes
                .nested(TableMessages.NFTA_SET_ELEM_DATA)
                .flatMap(data -> data.integer(TableMessages.NFTA_DATA_VALUE));
        return mark.map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    /** A single expression of an element stands by itself, several in a list. */
    private static OptionalLong packets(Attributes attributes) {
        List<Attributes> expressions = new ArrayList<>();
        attributes.nested(NFTA_SET_ELEM_EXPR).ifPresent(expressions::add);
        attributes.nested(NFTA_SET_ELEM_EXPRESSIONS).ifPresent(list -> expressions.addAll(list.elements()));
        return expressions.stream()
                .filter(expression -> expression.text(NFTA_EXPR_NAME).equals(Optional.of("counter")))
                .flatMap(expression -> expression.nested(NFTA_EXPR_DATA).stream())
                .flatMap(counter -> counter.longBigEndian(NFTA_COUNTER_PACKETS).stream())
                .mapToLong(Long::longValue)
                .findFirst();
    }

    private static Optional<Verdict> verdict(Attributes data) {
        return data.nested(TableMessages.NFTA_DATA_VERDICT)
                .map(verdict -> new Verdict(
                        verdict.integerBigEndian(TableMessages.NFTA_VERDICT_CODE)
                                .orElse(0),
                        verdict.text(TableMessages.NFTA_VERDICT_CHAIN).orElse("")));
    }

    private List<String> names(List<Attributes> parts, int attribute) {
        return parts.stream()
                .filter(part -> part.text(NFTA_TABLE).filter(table::equals).isPresent())
                .flatMap(part -> part.text(attribute).stream())
                .toList();
    }

    private List<Attributes> dump(String action, int type, Payload payload) throws NetlinkException {
        return ask(action, type, NetlinkMessage.DUMP, payload);
    }

    private List<Attributes> ask(String action, int type, int flags, Payload payload) throws NetlinkException {
        NetlinkMessage request = new NetlinkMessage(action, type, NetlinkMessage.REQUEST | flags, payload.toBytes());
        try {
            return socket.query(request).stream()
                    .map(reply -> new Attributes(reply.payload(), HEADER))
                    .toList();
        } catch (NetlinkException e) {
            if (e.errno() == NetlinkException.ENOENT) {
                return List.of();
            }
            throw e;
        }
    }

    private static Payload header() {
        return TableMessages.header(TableMessages.FAMILY_INET, 0);
    }
}
