package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.linux.netlink.Attributes;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.TableMessages;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Limit;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Quota;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What agents have used of budgets: a quota of the kernel for each agent and rule, named by both, to which elements lead by the
 * agent's interface and the marks of its connections. A quota outlives the agent's attachment, the rule and this process. What was
 * read of it last is remembered, so that one that others took away or set back comes again with that. Not thread-safe.
 */
final class AgentBudgets {
    private static final Logger LOG = LoggerFactory.getLogger(AgentBudgets.class);
    private static final TableMessages MESSAGES = new TableMessages(Names.TABLE);

    /** Of rules with a rate alone, so that what they let pass is counted too. */
    private static final long WITHOUT_END = 1L << 62;

    /** Bytes that may come at once beside those of a second: more than the largest packet that the kernel puts together. */
    private static final int BURST = 128 << 10;

    /** The most that is lent at once where it is not needed at once: half of what may be lost with who has borrowed it. */
    private static final long MOST_LENT = 128 << 10;

    /** The part of what is left that is. */
    private static final int PART_LENT = 20;

    private static final int INTERFACE_NAME_SIZE = 16;
    private static final int MOST_AT_ONCE = 100;

    private final Place fence;
    private final NetlinkSocket filter;
    private final TableReader table;
    private final Map<String, Map<MapKey, String>> elements = new HashMap<>();
    private final Map<String, Quota> quotas = new HashMap<>();
    private final Map<String, Long> paces = new HashMap<>();
    /** By the name of the quota. */
    private final Map<String, Long> remembered = new HashMap<>();
    /** What each interface's connections are charged to for sure. */
    private final Map<String, GroupBudgets> bound = new HashMap<>();
    /** Interfaces whose agents have gone for good, and of which something may be left. */
    private final Set<String> gone = new HashSet<>();
    /** How the chains were described when they were written; none before the first budget. */
    private List<String> chains = List.of();
    /** Whether what is remembered of the kernel is so for sure. */
    private boolean known = true;

    AgentBudgets(Place fence, TableReader table) {
        this.fence = fence;
        this.filter = fence.filter();
        this.table = table;
    }

    /** @param map or set, whose elements lead to no object */
    private record MapKey(String map, ByteBuffer bytes) {
        NetlinkMessage add(String object) {
            return object.isEmpty()
                    ? MESSAGES.addElement(map, bytes.array())
                    : MESSAGES.addObject(map, bytes.array(), object);
        }

        NetlinkMessage delete() {
            return MESSAGES.deleteElement(map, bytes.array());
        }

        int mark() {
            return ByteBuffer.wrap(bytes.array()).order(ByteOrder.nativeOrder()).getInt(INTERFACE_NAME_SIZE);
        }
    }

    /** Whether there has been a budget since the fence stands. */
    boolean stand() {
        return !chains.isEmpty();
    }

    /** Whether an agent that is not gone for good may have used something, attached or not. */
    boolean isUsed() {
        return !known || remembered.values().stream().anyMatch(used -> used > 0);
    }

    /** Takes up what an earlier process left, which goes on charging. Where that fails, it is taken up before anything else is charged. */
    void adopt() throws IOException {
        known = false;
        ensure();
        read();
    }

    /** The same where it could not be done so far. */
    void takeUp() throws IOException {
        if (!known && !stand()) {
            adopt();
        }
    }

    /** Puts the chains in place that charge. */
    void ensure() throws IOException {
        if (!stand()) {
            write();
        }
    }

    private void write() throws IOException {
        fence.transaction(BudgetRules.text());
        chains = table.described(BudgetRules.CHAINS);
    }

    /** Interfaces of which some element leads to a budget. */
    Set<String> interfaces() {
        return Set.copyOf(elements.keySet());
    }

    private void read() throws NetlinkException {
        known = false;
        elements.clear();
        quotas.clear();
        paces.clear();
        for (String map : BudgetRules.maps()) {
            readElements(map);
        }
        readElements(Names.PACED);
        readQuotas();
        for (Limit limit : table.limits()) {
            paces.put(limit.name(), limit.bytesPerSecond());
        }
        known = true;
    }

    private void readElements(String map) throws NetlinkException {
        for (Element element : table.elements(map)) {
            elements.computeIfAbsent(Attributes.text(element.key()), _ -> new HashMap<>())
                    .put(
                            new MapKey(map, ByteBuffer.wrap(element.key())),
                            element.object().orElse(""));
        }
    }

    private void readQuotas() throws NetlinkException {
        quotas.clear();
        for (Quota quota : table.quotas()) {
            quotas.put(quota.name(), quota);
            // The kernel counts what it refused too.
            remembered.merge(quota.name(), Math.min(quota.used(), quota.bytes()), Math::max);
        }
    }

    private void requireKnown() throws NetlinkException {
        if (!known) {
            read();
        }
    }

    /** Has the interface's connections charged to these budgets and to no others. */
    void bind(String interfaceName, GroupBudgets budgets) throws NetlinkException {
        bind(interfaceName, budgets, true);
    }

    /**
     * The same, while those of before are charged still. What these budgets are about is charged to nothing else from then on, so that
     * what is left to do afterwards lets nothing pass.
     */
    void bindBeside(String interfaceName, GroupBudgets budgets) throws NetlinkException {
        bind(interfaceName, budgets, false);
    }

    /** Whether the interface's connections are charged to these budgets for sure, whatever failed since. */
    boolean isBound(String interfaceName, GroupBudgets budgets) {
        return bound.getOrDefault(interfaceName, GroupBudgets.NONE).equals(budgets);
    }

    private void bind(String interfaceName, GroupBudgets budgets, boolean alone) throws NetlinkException {
        if (budgets.isEmpty() && (!stand() || known && !elements.containsKey(interfaceName))) {
            return;
        }
        if (!budgets.isEmpty()) {
            gone.remove(interfaceName);
        }
        requireKnown();
        known = false;
        Map<MapKey, String> wanted = wanted(interfaceName, budgets);
        Map<MapKey, String> held = elements.getOrDefault(interfaceName, Map.of());
        Map<MapKey, String> now = new HashMap<>(held);
        now.keySet()
                .removeIf(key ->
                        !wanted.containsKey(key) && (alone || budgets.byMark().containsKey(key.mark())));
        now.putAll(wanted);
        List<List<NetlinkMessage>> steps = new ArrayList<>();
        Set<Budget> charged = budgets.charged();
        for (Budget budget : budgets.budgets()) {
            steps.addAll(objects(interfaceName, budget, charged.contains(budget)));
        }
        steps.addAll(changes(held, now));
        Set<String> led = new HashSet<>(now.values());
        Set<String> unused = new HashSet<>(paces.keySet());
        unused.removeIf(pace -> !pace.startsWith(Names.pacesOf(interfaceName)) || led.contains(pace));
        unused.forEach(pace -> steps.add(List.of(MESSAGES.deleteLimit(pace))));
        if (!steps.isEmpty()) {
            bound.remove(interfaceName);
            execute(steps);
        }
        if (held.values().stream().anyMatch(object -> quotas.containsKey(object) && !led.contains(object))) {
            // The kernel charges nothing to it any more, and what it has since it was read is not to be lent.
            readQuotas();
        }
        unused.forEach(paces::remove);
        if (now.isEmpty()) {
            elements.remove(interfaceName);
        } else {
            elements.put(interfaceName, now);
        }
        if (budgets.isEmpty()) {
            bound.remove(interfaceName);
        } else {
            bound.put(interfaceName, budgets);
        }
        known = true;
    }

    /** One step for each mark, which is charged as before or as from now on. */
    private static Collection<List<NetlinkMessage>> changes(Map<MapKey, String> held, Map<MapKey, String> now) {
        Map<Integer, List<NetlinkMessage>> steps = new HashMap<>();
        held.forEach((key, object) -> {
            if (!object.equals(now.get(key))) {
                steps.computeIfAbsent(key.mark(), _ -> new ArrayList<>()).add(key.delete());
            }
        });
        now.forEach((key, object) -> {
            if (!object.equals(held.get(key))) {
                steps.computeIfAbsent(key.mark(), _ -> new ArrayList<>()).add(key.add(object));
            }
        });
        return steps.values();
    }

    private Map<MapKey, String> wanted(String interfaceName, GroupBudgets budgets) {
        Map<MapKey, String> wanted = new HashMap<>();
        budgets.byMark().forEach((mark, its) -> {
            boolean slow = false;
            boolean left = false;
            for (int place = 0; place < Math.min(its.size(), BudgetRules.PLACES); place++) {
                Budget budget = its.get(place);
                String quota = Names.quota(interfaceName, budget.rule());
                left |= !isUsedUp(quota, budget);
                if (budget.rate() == null) {
                    wanted.put(key(BudgetRules.spend(place), interfaceName, mark), quota);
                } else {
                    slow = true;
                    wanted.put(key(BudgetRules.slow(place), interfaceName, mark), quota);
                    wanted.put(
                            key(BudgetRules.pace(place), interfaceName, mark),
                            Names.pace(interfaceName, budget.rule(), budget.rate()));
                }
            }
            if (slow && left) {
                wanted.put(key(Names.PACED, interfaceName, mark), "");
            }
        });
        return wanted;
    }

    private boolean isUsedUp(String quota, Budget budget) {
        return budget.bytes() != null && remembered.getOrDefault(quota, 0L) >= budget.bytes();
    }

    /**
     * What has to be made or changed for the budget, in the kernel and of what is known of it.
     *
     * @param charged whether the kernel charges something to it: what passes through the egress proxy is held back there
     */
    private List<List<NetlinkMessage>> objects(String interfaceName, Budget budget, boolean charged) {
        List<List<NetlinkMessage>> steps = new ArrayList<>();
        String name = Names.quota(interfaceName, budget.rule());
        long bytes = bytes(budget);
        Quota held = quotas.get(name);
        if (held == null || held.bytes() != bytes) {
            long used = held == null ? remembered.getOrDefault(name, 0L) : Math.min(held.used(), held.bytes());
            steps.add(List.of(MESSAGES.putQuota(name, bytes, used)));
            quotas.put(name, new Quota(name, bytes, used, false));
        }
        if (budget.rate() != null && charged) {
            String pace = Names.pace(interfaceName, budget.rule(), budget.rate());
            if (!paces.containsKey(pace)) {
                steps.add(List.of(MESSAGES.putLimit(pace, budget.rate(), BURST)));
                paces.put(pace, budget.rate());
            }
        }
        return steps;
    }

    private static long bytes(Budget budget) {
        return budget.bytes() == null ? WITHOUT_END : budget.bytes();
    }

    /** Each step whole, and as many in one transaction as a socket has room for. */
    private void execute(List<List<NetlinkMessage>> steps) throws NetlinkException {
        List<NetlinkMessage> next = new ArrayList<>();
        for (List<NetlinkMessage> step : steps) {
            if (!next.isEmpty() && next.size() + step.size() > MOST_AT_ONCE) {
                filter.execute(TableMessages.transaction(next));
                next.clear();
            }
            next.addAll(step);
        }
        if (!next.isEmpty()) {
            filter.execute(TableMessages.transaction(next));
        }
    }

    /**
     * Takes bytes of a budget to which the kernel charges nothing: as many as are needed, or a small part of what is left where that is
     * more.
     *
     * @return how many, which count as used; fewer than are needed where there are no more
     */
    long lend(String interfaceName, Budget budget, long needed) throws NetlinkException {
        requireKnown();
        String name = Names.quota(interfaceName, budget.rule());
        long used = used(name, budget);
        long left = Math.max(0, bytes(budget) - used);
        long lent = Math.min(left, Math.max(needed, Math.min(MOST_LENT, left / PART_LENT)));
        if (lent > 0) {
            count(name, budget, used + lent);
        }
        return lent;
    }

    /** The other way round. */
    void takeBack(String interfaceName, Budget budget, long unused) throws NetlinkException {
        requireKnown();
        String name = Names.quota(interfaceName, budget.rule());
        count(name, budget, Math.max(0, used(name, budget) - unused));
    }

    private long used(String quota, Budget budget) {
        Quota held = quotas.get(quota);
        if (held == null || held.bytes() != bytes(budget)) {
            // What that is about stays closed until it is put right.
            throw new IllegalStateException("the budget of " + budget.rule() + " is not there");
        }
        return Math.max(Math.min(held.used(), held.bytes()), remembered.getOrDefault(quota, 0L));
    }

    /** The kernel takes no other number for a quota that is there, and lets none go to which an element leads. */
    private void count(String quota, Budget budget, long used) throws NetlinkException {
        known = false;
        filter.execute(TableMessages.transaction(
                List.of(MESSAGES.deleteQuota(quota), MESSAGES.putQuota(quota, bytes(budget), used))));
        quotas.put(quota, new Quota(quota, bytes(budget), used, false));
        remembered.put(quota, used);
        known = true;
    }

    /** Forgets what the interface's agent has used, who has gone for good. What fails is done with the next repair. */
    void forget(String interfaceName) {
        gone.add(interfaceName);
        try {
            forgetGone();
        } catch (IOException e) {
            LOG.debug("what agents that have gone had used is not forgotten yet: {}", e.getMessage());
        }
    }

    private void forgetGone() throws IOException {
        takeUp();
        for (String interfaceName : List.copyOf(gone)) {
            bind(interfaceName, GroupBudgets.NONE);
            forgetUsed(interfaceName);
            gone.remove(interfaceName);
        }
    }

    private void forgetUsed(String interfaceName) throws NetlinkException {
        requireKnown();
        String beginning = Names.quotasOf(interfaceName);
        List<String> its = quotas.keySet().stream()
                .filter(name -> name.startsWith(beginning))
                .toList();
        if (!its.isEmpty()) {
            known = false;
            execute(its.stream()
                    .map(name -> List.of(MESSAGES.deleteQuota(name)))
                    .toList());
            known = true;
        }
        its.forEach(quotas::remove);
        bound.remove(interfaceName);
        remembered.keySet().removeIf(name -> name.startsWith(beginning));
    }

    /**
     * What agents have used so far; of interfaces whose group has budgets.
     *
     * @param bound budgets of each interface's group
     */
    Map<String, List<BudgetUse>> used(Map<String, GroupBudgets> bound) throws NetlinkException {
        Map<String, List<BudgetUse>> all = new HashMap<>();
        if (!stand()) {
            return all;
        }
        requireKnown();
        readQuotas();
        for (Map.Entry<String, GroupBudgets> each : bound.entrySet()) {
            String interfaceName = each.getKey();
            if (!each.getValue().isEmpty()) {
                all.put(
                        interfaceName,
                        each.getValue().budgets().stream()
                                .map(budget -> use(interfaceName, budget))
                                .toList());
            }
        }
        return all;
    }

    private BudgetUse use(String interfaceName, Budget budget) {
        long used = remembered.getOrDefault(Names.quota(interfaceName, budget.rule()), 0L);
        return new BudgetUse(
                budget.rule(), Math.min(used, bytes(budget)), optional(budget.bytes()), optional(budget.rate()));
    }

    private static OptionalLong optional(@Nullable Long value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /** Lets senders know at once what they may not do any more, rather than let them try again. */
    void refuseWhatIsUsedUp(Map<String, GroupBudgets> bound) throws NetlinkException {
        if (stand()) {
            for (Map.Entry<String, GroupBudgets> each : bound.entrySet()) {
                bind(each.getKey(), each.getValue());
            }
        }
    }

    /** Puts the chains right that charge, where others changed them; what that was. */
    List<String> repairChains() throws IOException {
        if (!stand() || table.described(BudgetRules.CHAINS).equals(chains)) {
            return List.of();
        }
        write();
        return List.of("the rules that charge budgets were changed");
    }

    /**
     * Puts elements and objects right where others changed them.
     *
     * @param agents budgets of each interface's group, of those whose are known
     * @param attached all interfaces of agents; what others lead to goes
     * @param repaired what that was
     * @throws IOException the first failure; the others are put right all the same
     */
    void repair(Map<String, GroupBudgets> agents, Set<String> attached, List<String> repaired) throws IOException {
        read();
        Optional<IOException> failure = Optional.empty();
        for (Map.Entry<String, GroupBudgets> each : agents.entrySet()) {
            try {
                if (!isSound(each.getKey(), each.getValue())) {
                    restore(each.getKey(), each.getValue());
                    repaired.add("what the agent at the interface " + each.getKey() + " is charged to was changed");
                }
                bind(each.getKey(), each.getValue());
            } catch (IOException e) {
                failure = failure.or(() -> Optional.of(e));
            }
        }
        try {
            for (String left : interfaces()) {
                if (!attached.contains(left)) {
                    bind(left, GroupBudgets.NONE);
                }
            }
            forgetGone();
        } catch (IOException e) {
            failure = failure.or(() -> Optional.of(e));
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    private boolean isSound(String interfaceName, GroupBudgets budgets) {
        Set<Budget> charged = budgets.charged();
        for (Budget budget : budgets.budgets()) {
            Quota quota = quotas.get(Names.quota(interfaceName, budget.rule()));
            if (quota == null || quota.bytes() != bytes(budget) || isSetBack(quota)) {
                return false;
            }
            if (budget.rate() != null
                    && charged.contains(budget)
                    && !budget.rate().equals(paces.get(Names.pace(interfaceName, budget.rule(), budget.rate())))) {
                return false;
            }
        }
        return leading(elements.getOrDefault(interfaceName, Map.of())).equals(leading(wanted(interfaceName, budgets)));
    }

    /** Those that lead to something. */
    private static Map<MapKey, String> leading(Map<MapKey, String> elements) {
        Map<MapKey, String> leading = new HashMap<>(elements);
        leading.values().removeIf(String::isEmpty);
        return leading;
    }

    private boolean isSetBack(Quota quota) {
        return quota.inverted() || quota.used() < remembered.getOrDefault(quota.name(), 0L);
    }

    /** Nothing passes meanwhile. */
    private void restore(String interfaceName, GroupBudgets budgets) throws NetlinkException {
        bind(interfaceName, GroupBudgets.NONE);
        List<String> setBack = quotas.values().stream()
                .filter(quota -> quota.name().startsWith(Names.quotasOf(interfaceName)) && isSetBack(quota))
                .map(Quota::name)
                .toList();
        if (!setBack.isEmpty()) {
            known = false;
            execute(setBack.stream()
                    .map(name -> List.of(MESSAGES.deleteQuota(name)))
                    .toList());
            known = true;
            setBack.forEach(quotas::remove);
        }
        bind(interfaceName, budgets);
    }

    private static MapKey key(String map, String interfaceName, int mark) {
        byte[] bytes = new byte[INTERFACE_NAME_SIZE + Integer.BYTES];
        ByteBuffer.wrap(bytes)
                .order(ByteOrder.nativeOrder())
                .put(TableMessages.interfaceKey(interfaceName))
                .putInt(mark);
        return new MapKey(map, ByteBuffer.wrap(bytes));
    }
}
