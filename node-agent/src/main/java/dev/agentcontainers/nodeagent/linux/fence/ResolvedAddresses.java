package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.linux.netlink.Attributes;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.TableMessages;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What names have resolved to, as elements of two maps that vanish by themselves: one for what is forwarded, one for what is
 * intercepted. They are replaced rather than extended, in one transaction, since kernels before 6.12 extend nothing. Remembers them by interface, so that an
 * agent's are found without reading those of all. Not thread-safe.
 */
final class ResolvedAddresses {
    /** Of one agent at a time: as many as forty names with a hundred addresses each at one port. */
    static final int MOST_OF_AN_AGENT = 4096;

    private static final List<String> MAPS = List.of(Names.RESOLVED, Names.INTERCEPTED);
    private static final TableMessages MESSAGES = new TableMessages(Names.TABLE);
    private static final int INTERFACE_NAME_SIZE = 16;
    private static final int KEY_SIZE = INTERFACE_NAME_SIZE + 12;
    private static final int MOST_ATTEMPTS = 10;
    private static final int MOST_AT_ONCE = 100;
    /** How much later than thought the kernel may drop an element. */
    private static final long SLACK_NANOS = Duration.ofSeconds(1).toNanos();

    private static final long SWEPT_EVERY_NANOS = Duration.ofSeconds(10).toNanos();

    private final NetlinkSocket filter;
    private final TableReader table;
    private final Map<String, Map<MapKey, Opening>> byInterface = new HashMap<>();
    private boolean deletesAny = true;
    private long sweptAt = System.nanoTime();

    ResolvedAddresses(NetlinkSocket filter, TableReader table) {
        this.filter = filter;
        this.table = table;
    }

    /**
     * @param mark that connections to it are to bear
     * @param intercepted whether they are handed over rather than forwarded
     */
    record Target(Ipv4 address, Protocol protocol, int port, int mark, Duration timeToLive, boolean intercepted) {
        String map() {
            return intercepted ? Names.INTERCEPTED : Names.RESOLVED;
        }
    }

    private record MapKey(String map, ByteBuffer bytes) {}

    /**
     * @param until as {@link System#nanoTime} counts
     * @param freeUntil until when a name without a budget leads there
     * @param acknowledged whether the kernel holds it for sure, not perhaps
     */
    private record Opening(MapKey key, int mark, long until, long freeUntil, boolean acknowledged) {
        boolean isFree() {
            return ConnectionMark.NAME.isOf(mark);
        }

        Opening inDoubt() {
            return new Opening(key, mark, until, freeUntil, false);
        }

        NetlinkMessage add(long now) {
            return MESSAGES.addMark(
                    key.map,
                    key.bytes.array(),
                    mark,
                    Math.max(1, Duration.ofNanos(until - now).toMillis()));
        }

        NetlinkMessage deleteAny() {
            return MESSAGES.deleteAnyElement(key.map, key.bytes.array());
        }

        NetlinkMessage delete() {
            return MESSAGES.deleteElement(key.map, key.bytes.array());
        }
    }

    /** Remembers what the kernel holds, whoever put it there. */
    void read() throws NetlinkException {
        byInterface.clear();
        long now = System.nanoTime();
        for (String map : MAPS) {
            for (Element element : table.elements(map)) {
                long left =
                        Duration.ofMillis(element.millisecondsLeft().orElse(0)).toNanos();
                int mark = element.mark().orElse(0);
                long freeUntil = ConnectionMark.NAME.isOf(mark) ? now + left : now;
                Opening opening = new Opening(key(map, element), mark, now + left, freeUntil, true);
                remember(Attributes.text(element.key()), opening);
            }
        }
    }

    Set<String> interfaces() {
        return Set.copyOf(byInterface.keySet());
    }

    /**
     * Opens the targets. When this returns, the kernel has acknowledged each; what is open for as long already is left as it is.
     *
     * @throws TooManyException where the agent would have too many open
     */
    void open(String interfaceName, Collection<Target> targets) throws NetlinkException, TooManyException {
        long now = System.nanoTime();
        Map<MapKey, Opening> held = byInterface.computeIfAbsent(interfaceName, _ -> new HashMap<>());
        if (now - sweptAt > SWEPT_EVERY_NANOS || held.size() + targets.size() > MOST_OF_AN_AGENT) {
            sweep(now);
        }
        Map<MapKey, Opening> wanted = new HashMap<>();
        for (Target target : targets) {
            MapKey key = new MapKey(target.map(), key(interfaceName, target));
            long until = now + target.timeToLive().toNanos();
            Opening before = wanted.getOrDefault(key, held.get(key));
            int mark = target.mark;
            long freeUntil = before == null ? now : before.freeUntil;
            if (ConnectionMark.NAME.isOf(mark)) {
                freeUntil = freeUntil - until > 0 ? freeUntil : until;
            } else if (ConnectionMark.BUDGETED.isOf(mark) && before != null && before.isFree() && freeUntil - now > 0) {
                // As long as a name without a budget leads there too, it is charged to none.
                mark = before.mark;
            }
            if (before != null && before.mark == mark && before.until - until > 0) {
                until = before.until;
            }
            wanted.put(key, new Opening(key, mark, until, freeUntil, true));
        }
        wanted.values().removeIf(opening -> opening.equals(held.get(opening.key)));
        requireRoom(interfaceName, held, wanted);
        for (List<Opening> some : parts(wanted.values())) {
            open(held, some, now);
        }
    }

    /** Not each time: an agent may have thousands open, and waits. */
    private void sweep(long now) {
        sweptAt = now;
        byInterface.values().forEach(held -> held.values().removeIf(opening -> now - opening.until > SLACK_NANOS));
    }

    private void open(Map<MapKey, Opening> held, List<Opening> openings, long now) throws NetlinkException {
        // Remembered first, so that what a failure leaves is known.
        openings.forEach(opening -> held.put(opening.key, opening.inDoubt()));
        if (!execute(openings.stream()
                .flatMap(opening -> Stream.of(opening.deleteAny(), opening.add(now)))
                .toList())) {
            for (Opening opening : openings) {
                replace(opening, now);
            }
        }
        openings.forEach(opening -> held.put(opening.key, opening));
    }

    /** One transaction with deletions of what may not be there; false on kernels that have no such thing. */
    private boolean execute(List<NetlinkMessage> messages) throws NetlinkException {
        if (deletesAny) {
            try {
                filter.execute(TableMessages.transaction(messages));
                return true;
            } catch (NetlinkException e) {
                if (e.errno() != NetlinkException.EINVAL) {
                    throw e;
                }
                deletesAny = false;
            }
        }
        return false;
    }

    private static void requireRoom(String interfaceName, Map<MapKey, Opening> held, Map<MapKey, Opening> wanted)
            throws TooManyException {
        long added =
                wanted.keySet().stream().filter(key -> !held.containsKey(key)).count();
        if (held.size() + added > MOST_OF_AN_AGENT) {
            throw new TooManyException("interface " + interfaceName + " has " + held.size()
                    + " resolved addresses open and can't have " + added + " more: " + MOST_OF_AN_AGENT
                    + " at most, until some have expired");
        }
    }

    /** An agent asks for more at a time than it may have. */
    static final class TooManyException extends Exception {
        private static final long serialVersionUID = 1L;

        TooManyException(String message) {
            super(message);
        }
    }

    /** Whether it is there and whether it has just expired is found by trying. */
    private void replace(Opening opening, long now) throws NetlinkException {
        for (int attempt = 1; ; attempt++) {
            try {
                filter.execute(TableMessages.transaction(
                        attempt % 2 == 1 ? List.of(opening.delete(), opening.add(now)) : List.of(opening.add(now))));
                return;
            } catch (NetlinkException e) {
                if (!ofOtherTime(e) || attempt == MOST_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static boolean ofOtherTime(NetlinkException e) {
        return e.errno() == NetlinkException.ENOENT || e.errno() == NetlinkException.EEXIST;
    }

    /** Address and port of what agents may reach intercepted, as {@link ProxiedAddresses#key} makes them. */
    Set<ByteBuffer> intercepted() {
        long now = System.nanoTime();
        return byInterface.values().stream()
                .flatMap(held -> held.values().stream())
                .filter(opening -> opening.key.map.equals(Names.INTERCEPTED) && now - opening.until <= SLACK_NANOS)
                .map(opening -> ProxiedAddresses.key(
                        new Ipv4(opening.key.bytes.getInt(INTERFACE_NAME_SIZE)),
                        Short.toUnsignedInt(opening.key.bytes.getShort(INTERFACE_NAME_SIZE + 8))))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Closes all of an interface. Connections that began may go on. */
    void close(String interfaceName) throws NetlinkException {
        Map<MapKey, Opening> held = byInterface.get(interfaceName);
        if (held != null) {
            delete(held.values());
            byInterface.remove(interfaceName);
        }
    }

    /** Closes all with other marks than these. */
    void closeOtherwise(Set<Integer> marks) throws NetlinkException {
        for (Map<MapKey, Opening> held : byInterface.values()) {
            List<Opening> stale = held.values().stream()
                    .filter(opening -> !marks.contains(opening.mark))
                    .toList();
            delete(stale);
            stale.forEach(opening -> held.remove(opening.key));
        }
        byInterface.values().removeIf(Map::isEmpty);
    }

    /** Closes all that leads to an address which is closed by now. What fails is still known, and can be tried again. */
    void closeTo(Predicate<Ipv4> closed) throws NetlinkException {
        for (Map<MapKey, Opening> held : byInterface.values()) {
            List<Opening> stale = held.values().stream()
                    .filter(opening -> closed.test(new Ipv4(opening.key.bytes.getInt(INTERFACE_NAME_SIZE))))
                    .toList();
            delete(stale);
            stale.forEach(opening -> held.remove(opening.key));
        }
        byInterface.values().removeIf(Map::isEmpty);
    }

    private void delete(Collection<Opening> openings) throws NetlinkException {
        long now = System.nanoTime();
        List<Opening> lasting = openings.stream()
                .filter(opening -> now - opening.until <= SLACK_NANOS)
                .toList();
        for (List<Opening> some : parts(lasting)) {
            if (!execute(some.stream().map(Opening::deleteAny).toList())) {
                for (Opening opening : some) {
                    deleteUnlessGone(opening);
                }
            }
        }
    }

    /** As much as one transaction's messages and acknowledgements have room for in a socket. */
    private static List<List<Opening>> parts(Collection<Opening> openings) {
        List<Opening> all = List.copyOf(openings);
        List<List<Opening>> parts = new ArrayList<>();
        for (int from = 0; from < all.size(); from += MOST_AT_ONCE) {
            parts.add(all.subList(from, Math.min(all.size(), from + MOST_AT_ONCE)));
        }
        return parts;
    }

    private void deleteUnlessGone(Opening opening) throws NetlinkException {
        try {
            filter.execute(TableMessages.transaction(List.of(opening.delete())));
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.ENOENT) {
                throw e;
            }
        }
    }

    /**
     * Closes what others have opened.
     *
     * @return how many that were
     */
    int closeForeign() throws NetlinkException {
        List<Opening> foreign = new ArrayList<>();
        long now = System.nanoTime();
        for (String map : MAPS) {
            for (Element element : table.elements(map)) {
                MapKey key = key(map, element);
                Opening known = byInterface
                        .getOrDefault(Attributes.text(element.key()), Map.of())
                        .get(key);
                if (known == null || known.mark != element.mark().orElse(0)) {
                    foreign.add(new Opening(key, 0, now, now, true));
                }
            }
        }
        delete(foreign);
        return foreign.size();
    }

    private void remember(String interfaceName, Opening opening) {
        byInterface.computeIfAbsent(interfaceName, _ -> new HashMap<>()).put(opening.key, opening);
    }

    private static MapKey key(String map, Element element) {
        return new MapKey(map, ByteBuffer.wrap(element.key()));
    }

    /** Each part padded to four bytes. */
    private static ByteBuffer key(String interfaceName, Target target) {
        byte[] bytes = new byte[KEY_SIZE];
        ByteBuffer.wrap(bytes)
                .put(TableMessages.interfaceKey(interfaceName))
                .putInt(target.address.bits())
                .put(AllowedBox.number(target.protocol))
                .position(INTERFACE_NAME_SIZE + 8)
                .putShort((short) target.port);
        return ByteBuffer.wrap(bytes);
    }
}
