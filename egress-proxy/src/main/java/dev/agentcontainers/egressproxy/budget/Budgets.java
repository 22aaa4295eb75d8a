package dev.agentcontainers.egressproxy.budget;

import dev.agentcontainers.protocol.names.NodeMessage.Budget;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * What agents were granted of their rules' budgets, and who spends it. Each rule of an agent has one account for all of its connections.
 * May be configured by any thread; all else is for the loop's.
 */
public final class Budgets {
    /** After which an account's rest is given back. */
    private static final Duration QUIET = Duration.ofSeconds(2);

    private final Lender lender;
    private final ScheduledExecutorService loop;
    private final LongSupplier nanoTime;
    private final Map<Key, Account> accounts = new HashMap<>();
    private volatile Terms terms = new Terms(0, Map.of(), Map.of());
    private boolean looks;

    private record Key(String spender, String rule) {}

    /**
     * What holds now.
     *
     * @param number another each time
     * @param spenders by the agents' addresses
     * @param budgets by the same and by rule
     */
    private record Terms(long number, Map<String, String> spenders, Map<String, Map<String, Budget>> budgets) {}

    /** @param loop whose thread everything is done on */
    public Budgets(Lender lender, ScheduledExecutorService loop, LongSupplier nanoTime) {
        this.lender = lender;
        this.loop = loop;
        this.nanoTime = nanoTime;
    }

    /** To be called before who judges by rules knows of them. */
    public synchronized void configure(Configure configuration) {
        Map<String, Map<String, Budget>> ofGroups = new HashMap<>();
        configuration
                .budgets()
                .forEach((group, its) -> ofGroups.put(
                        group,
                        its.stream().collect(Collectors.toMap(Budget::rule, budget -> budget, (first, _) -> first))));
        Map<String, Map<String, Budget>> budgets = new HashMap<>();
        configuration
                .spenders()
                .keySet()
                .forEach(address -> budgets.put(
                        address, ofGroups.getOrDefault(configuration.agents().getOrDefault(address, ""), Map.of())));
        terms = new Terms(terms.number() + 1, configuration.spenders(), budgets);
    }

    /**
     * What pays for one tunnel or request of an agent's.
     *
     * @param agent its address
     * @param rules whose budgets are charged, the first that has room; none: nothing is counted
     */
    public Purse purse(String agent, List<String> rules) {
        return rules.isEmpty()
                ? Purse.FREE
                : new Purse(this, agent, terms.spenders().getOrDefault(agent, ""), rules);
    }

    /** Empty where the agent, or its rule, is there no more. */
    Optional<Account> account(String agent, String spender, String rule) {
        Terms now = terms;
        Budget budget = now.budgets().getOrDefault(agent, Map.of()).get(rule);
        if (budget == null || !spender.equals(now.spenders().get(agent))) {
            return Optional.empty();
        }
        Account account = accounts.computeIfAbsent(
                new Key(spender, rule), _ -> new Account(spender, rule, lender, loop, nanoTime));
        account.under(budget, now.number());
        if (!looks) {
            looks = true;
            lookLater();
        }
        return Optional.of(account);
    }

    private void look() {
        accounts.values().forEach(account -> account.giveBackAfter(QUIET));
        accounts.values()
                .removeIf(account -> account.isIdle() || !terms.spenders().containsValue(account.spender()));
        looks = !accounts.isEmpty();
        if (looks) {
            lookLater();
        }
    }

    private void lookLater() {
        loop.schedule(this::look, QUIET.toNanos(), TimeUnit.NANOSECONDS);
    }
}
