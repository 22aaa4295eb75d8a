package dev.agentcontainers.nodeagent.linux.nftables;

import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.Payload;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Messages that change elements of the sets of one table of family inet, and delete such sets.
 *
 * @see <a href="https://docs.kernel.org/netlink/specs/nftables.html">Family nftables netlink specification</a>
 */
public record TableMessages(String table) {
    static final int FAMILY_INET = 1;
    static final int SUBSYSTEM = 10 << 8;
    static final int NFTA_SET_ELEM_KEY = 1;
    static final int NFTA_SET_ELEM_DATA = 2;
    static final int NFTA_SET_ELEM_TIMEOUT = 4;
    static final int NFTA_LIST_ELEM = 1;
    static final int NFTA_DATA_VALUE = 1;
    static final int NFTA_DATA_VERDICT = 2;
    static final int NFTA_VERDICT_CODE = 1;
    static final int NFTA_VERDICT_CHAIN = 2;
    static final int NFTA_ELEM_LIST_TABLE = 1;
    static final int NFTA_ELEM_LIST_SET = 2;
    static final int NFTA_ELEM_LIST_ELEMENTS = 3;
    static final int NFTA_SET_ELEM_OBJECT = 9;
    static final int NFTA_OBJ_NAME = 2;
    static final int NFTA_OBJ_TYPE = 3;
    static final int NFTA_OBJ_DATA = 4;
    static final int NFTA_QUOTA_BYTES = 1;
    static final int NFTA_QUOTA_FLAGS = 2;
    static final int NFTA_QUOTA_CONSUMED = 4;
    /** Types of objects. */
    static final int QUOTA = 2;

    static final int LIMIT = 4;
    private static final int NFTA_OBJ_TABLE = 1;
    static final int NFTA_LIMIT_RATE = 1;
    private static final int NFTA_LIMIT_UNIT = 2;
    static final int NFTA_LIMIT_BURST = 3;
    private static final int NFTA_LIMIT_TYPE = 4;
    static final int NFTA_LIMIT_FLAGS = 5;
    static final int NFT_LIMIT_INVERTED = 1;
    private static final int NFT_LIMIT_PKT_BYTES = 1;
    private static final long SECOND = 1;
    static final int NFT_JUMP = -3;
    static final int NFT_GOTO = -4;
    private static final int NFTA_SET_TABLE = 1;
    private static final int NFTA_SET_NAME = 2;
    private static final int NEW_OBJECT = SUBSYSTEM | 18;
    private static final int DELETE_OBJECT = SUBSYSTEM | 20;
    private static final int DELETE_SET = SUBSYSTEM | 11;
    private static final int NEW_ELEMENT = SUBSYSTEM | 12;
    private static final int DELETE_ELEMENT = SUBSYSTEM | 14;
    private static final int DESTROY_ELEMENT = SUBSYSTEM | 30;
    private static final int BATCH_BEGIN = 16;
    private static final int BATCH_END = 17;
    private static final int INTERFACE_NAME_SIZE = 16;

    /** The key of a set of interface names. */
    public static byte[] interfaceKey(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= INTERFACE_NAME_SIZE) {
            throw new IllegalArgumentException("interface name '" + name + "' is longer than 15 characters");
        }
        return Arrays.copyOf(bytes, INTERFACE_NAME_SIZE);
    }

    public NetlinkMessage addElement(String set, byte[] key) {
        return element(
                "add to the set " + set,
                NEW_ELEMENT,
                NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                set,
                key,
                element -> {});
    }

    /** Maps the key to {@code goto chain}. */
    public NetlinkMessage addGoto(String map, byte[] key, String chain) {
        return addVerdict(map, key, NFT_GOTO, chain);
    }

    /** Maps the key to {@code jump chain}. */
    public NetlinkMessage addJump(String map, byte[] key, String chain) {
        return addVerdict(map, key, NFT_JUMP, chain);
    }

    private NetlinkMessage addVerdict(String map, byte[] key, int verdictCode, String chain) {
        return element(
                "map to the chain " + chain,
                NEW_ELEMENT,
                NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                map,
                key,
                element -> element.nested(
                        NFTA_SET_ELEM_DATA,
                        data -> data.nested(
                                NFTA_DATA_VERDICT,
                                verdict -> verdict.attributeBigEndian(NFTA_VERDICT_CODE, verdictCode)
                                        .attribute(NFTA_VERDICT_CHAIN, chain))));
    }

    /**
     * Maps the key to a mark, for a while.
     *
     * @param milliseconds 1 or more
     */
    public NetlinkMessage addMark(String map, byte[] key, int mark, long milliseconds) {
        return element(
                "add to the map " + map,
                NEW_ELEMENT,
                NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                map,
                key,
                element -> element.nested(NFTA_SET_ELEM_DATA, data -> data.attribute(NFTA_DATA_VALUE, mark))
                        .attributeBigEndian(NFTA_SET_ELEM_TIMEOUT, milliseconds));
    }

    /**
     * Adds the key for a while.
     *
     * @param milliseconds 1 or more
     */
    public NetlinkMessage addElement(String set, byte[] key, long milliseconds) {
        return element(
                "add to the set " + set,
                NEW_ELEMENT,
                NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                set,
                key,
                element -> element.attributeBigEndian(NFTA_SET_ELEM_TIMEOUT, milliseconds));
    }

    public NetlinkMessage deleteElement(String set, byte[] key) {
        return element("delete from the set " + set, DELETE_ELEMENT, 0, set, key, element -> {});
    }

    /** Deletes the element where there is one. Since Linux 6.3; earlier kernels answer EINVAL. */
    public NetlinkMessage deleteAnyElement(String set, byte[] key) {
        return element("delete from the set " + set, DESTROY_ELEMENT, 0, set, key, element -> {});
    }

    /** Maps the key to an object. */
    public NetlinkMessage addObject(String map, byte[] key, String object) {
        return element(
                "add to the map " + map,
                NEW_ELEMENT,
                NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                map,
                key,
                element -> element.attribute(NFTA_SET_ELEM_OBJECT, object));
    }

    /**
     * Makes a quota that matches packets until there were so many bytes of them. Where there is one of that name, it gets
     * this number of bytes, and what was used stays as it is.
     *
     * @param used where it begins
     */
    public NetlinkMessage putQuota(String name, long bytes, long used) {
        return object(
                name,
                QUOTA,
                data -> data.attributeBigEndian(NFTA_QUOTA_BYTES, bytes)
                        .attributeBigEndian(NFTA_QUOTA_CONSUMED, used)
                        .attributeBigEndian(NFTA_QUOTA_FLAGS, 0));
    }

    /**
     * Makes a limit that matches packets up to so many bytes in a second. Where there is one of that name nothing happens.
     *
     * @param burst bytes beside those of a second that may come at once
     */
    public NetlinkMessage putLimit(String name, long bytesPerSecond, int burst) {
        return limit(name, bytesPerSecond, burst, 0);
    }

    /** The same of one that matches the packets beyond. */
    public NetlinkMessage putExcess(String name, long bytesPerSecond, int burst) {
        return limit(name, bytesPerSecond, burst, NFT_LIMIT_INVERTED);
    }

    private NetlinkMessage limit(String name, long bytesPerSecond, int burst, int flags) {
        return object(
                name,
                LIMIT,
                data -> data.attributeBigEndian(NFTA_LIMIT_RATE, bytesPerSecond)
                        .attributeBigEndian(NFTA_LIMIT_UNIT, SECOND)
                        .attributeBigEndian(NFTA_LIMIT_BURST, burst)
                        .attributeBigEndian(NFTA_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES)
                        .attributeBigEndian(NFTA_LIMIT_FLAGS, flags));
    }

    private NetlinkMessage object(String name, int type, Consumer<Payload> data) {
        return new NetlinkMessage(
                "make the object " + name,
                NEW_OBJECT,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | NetlinkMessage.CREATE,
                header(FAMILY_INET, 0)
                        .attribute(NFTA_OBJ_TABLE, table)
                        .attribute(NFTA_OBJ_NAME, name)
                        .attributeBigEndian(NFTA_OBJ_TYPE, type)
                        .nested(NFTA_OBJ_DATA, data)
                        .toBytes());
    }

    /** Deletes a quota that no element leads to. */
    public NetlinkMessage deleteQuota(String name) {
        return deleteObject(name, QUOTA);
    }

    /** Deletes a limit that no element leads to. */
    public NetlinkMessage deleteLimit(String name) {
        return deleteObject(name, LIMIT);
    }

    private NetlinkMessage deleteObject(String name, int type) {
        return new NetlinkMessage(
                "delete the object " + name,
                DELETE_OBJECT,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE,
                header(FAMILY_INET, 0)
                        .attribute(NFTA_OBJ_TABLE, table)
                        .attribute(NFTA_OBJ_NAME, name)
                        .attributeBigEndian(NFTA_OBJ_TYPE, type)
                        .toBytes());
    }

    /** Deletes a set that no rule looks up. */
    public NetlinkMessage deleteSet(String set) {
        return new NetlinkMessage(
                "delete the set " + set,
                DELETE_SET,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE,
                header(FAMILY_INET, 0)
                        .attribute(NFTA_SET_TABLE, table)
                        .attribute(NFTA_SET_NAME, set)
                        .toBytes());
    }

    /** Frames messages as one transaction. */
    public static List<NetlinkMessage> transaction(List<NetlinkMessage> messages) {
        List<NetlinkMessage> batch = new ArrayList<>(messages.size() + 2);
        batch.add(frame(BATCH_BEGIN));
        batch.addAll(messages);
        batch.add(frame(BATCH_END));
        return batch;
    }

    private NetlinkMessage element(String action, int type, int flags, String set, byte[] key, Consumer<Payload> more) {
        return new NetlinkMessage(
                action,
                type,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | flags,
                elements(set, key, more).toBytes());
    }

    /** One element of a set, as messages about it hold it. */
    Payload elements(String set, byte[] key, Consumer<Payload> more) {
        return header(FAMILY_INET, 0)
                .attribute(NFTA_ELEM_LIST_TABLE, table)
                .attribute(NFTA_ELEM_LIST_SET, set)
                .nested(
                        NFTA_ELEM_LIST_ELEMENTS,
                        list -> list.nested(NFTA_LIST_ELEM, element -> {
                            element.nested(NFTA_SET_ELEM_KEY, data -> data.attribute(NFTA_DATA_VALUE, key));
                            more.accept(element);
                        }));
    }

    private static NetlinkMessage frame(int type) {
        return new NetlinkMessage(
                "commit the nftables transaction",
                type,
                NetlinkMessage.REQUEST,
                header(0, SUBSYSTEM >> 8).toBytes());
    }

    /** struct nfgenmsg. */
    static Payload header(int family, int resource) {
        return new Payload().byteValue(family).byteValue(0).shortBigEndian(resource);
    }
}
