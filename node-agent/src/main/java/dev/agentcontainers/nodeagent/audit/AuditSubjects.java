package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.audit.AuditSubject.Agent;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.policy.rule.DomainName;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Who is who: which agent has or had an address, which rules hold for it, and by which names it got addresses. What it does
 * not know it leaves open. Thread-safe.
 */
final class AuditSubjects {
    private static final int MOST_FORMER = 4096;
    /** How long after an agent's end something of it may still be told: its connections end with it. */
    private static final Duration REMEMBERED = Duration.ofMinutes(5);

    private final Function<SandboxId, Optional<Agent>> agents;
    private final Map<SandboxId, Tenant> tenants = new ConcurrentHashMap<>();
    private final Map<String, Tenant> byAddress = new ConcurrentHashMap<>();
    private volatile Map<String, GroupRules> groups = Map.of();
    /** Whoever had the address last, and until when; those who went first come first. Guarded by itself. */
    private final Map<String, Former> former = new LinkedHashMap<>();

    /** An agent at its address, from a time on. */
    private record Tenant(SandboxId id, String address, String group, Instant since, NameMemory names) {}

    private record Former(Tenant tenant, Instant until) {
        boolean isRemembered(Instant now) {
            return !until.plus(REMEMBERED).isBefore(now);
        }
    }

    private final Map<SandboxId, Agent> known = new ConcurrentHashMap<>();

    AuditSubjects(Function<SandboxId, Optional<Agent>> agents) {
        this.agents = agents;
    }

    /** @param since from when on the address is the agent's; the beginning of time where it had it before */
    void attached(SandboxId id, String address, String group, Instant since) {
        Tenant before = tenants.get(id);
        Tenant now = before != null && before.address.equals(address)
                ? new Tenant(id, address, group, before.since, before.names)
                : new Tenant(id, address, group, since, names(since));
        tenants.put(id, now);
        byAddress.put(address, now);
    }

    private static NameMemory names(Instant since) {
        long now = System.nanoTime();
        return since.equals(Instant.MIN) ? NameMemory.fromNowOn(now) : NameMemory.fromItsBeginning(now);
    }

    void detached(SandboxId id) {
        Tenant gone = tenants.remove(id);
        if (gone != null) {
            // Now, while it is still known who that is.
            agent(id);
            Instant now = Instant.now();
            synchronized (former) {
                Former forgotten = former.remove(gone.address);
                former.put(gone.address, new Former(gone, now));
                if (forgotten != null) {
                    forget(forgotten);
                }
                Iterator<Former> eldest = former.values().iterator();
                while (eldest.hasNext()) {
                    Former first = eldest.next();
                    if (first.isRemembered(now) && former.size() <= MOST_FORMER) {
                        break;
                    }
                    eldest.remove();
                    forget(first);
                }
            }
            byAddress.remove(gone.address, gone);
        }
    }

    /** Unless it is there again, or was at another address since then. */
    private void forget(Former gone) {
        SandboxId id = gone.tenant.id;
        if (!tenants.containsKey(id) && former.values().stream().noneMatch(each -> each.tenant.id.equals(id))) {
            known.remove(id);
        }
    }

    void apply(Collection<GroupRuleset> rulesets) {
        groups = rulesets.stream().collect(Collectors.toMap(GroupRuleset::name, GroupRules::new));
    }

    void named(SandboxId id, String name, List<String> addresses) {
        Tenant tenant = tenants.get(id);
        if (tenant != null) {
            // As rules have it; it is one that a rule allows.
            String asked = DomainName.asked(name).orElse(name);
            long now = System.nanoTime();
            addresses.forEach(address -> tenant.names.put(address, asked, now));
        }
    }

    /** Who has that address, or had it then. */
    Optional<AuditSubject> at(String address, Instant then) {
        return tenantAt(address, then).map(this::subject);
    }

    private Optional<Tenant> tenantAt(String address, Instant then) {
        Tenant present = byAddress.get(address);
        if (present != null && !present.since.isAfter(then)) {
            return Optional.of(present);
        }
        Optional<Tenant> before;
        synchronized (former) {
            before = Optional.ofNullable(former.get(address))
                    .filter(each -> each.isRemembered(then))
                    .map(Former::tenant);
        }
        return before.isPresent() ? before : Optional.ofNullable(present);
    }

    Optional<AuditSubject> of(SandboxId id) {
        return tenant(id).map(this::subject);
    }

    private Optional<Tenant> tenant(SandboxId id) {
        Tenant tenant = tenants.get(id);
        if (tenant != null) {
            return Optional.of(tenant);
        }
        synchronized (former) {
            return former.values().stream()
                    .map(Former::tenant)
                    .filter(each -> each.id.equals(id))
                    .findFirst();
        }
    }

    Optional<GroupRules> rules(AuditSubject subject) {
        return Optional.ofNullable(groups.get(subject.group()));
    }

    /** The name by which the agent got the address last. */
    Optional<String> domain(AuditSubject subject, String address) {
        return names(subject, address).all().stream().findFirst();
    }

    /** The names by which the agent got the address. */
    NameMemory.Names names(AuditSubject subject, String address) {
        return tenant(subject.sandbox())
                .map(tenant -> tenant.names.of(address, System.nanoTime()))
                .orElse(NameMemory.Names.UNKNOWN);
    }

    private AuditSubject subject(Tenant tenant) {
        Optional<GroupRules> rules = Optional.ofNullable(groups.get(tenant.group));
        return new AuditSubject(
                tenant.id,
                agent(tenant.id),
                tenant.address,
                tenant.group,
                rules.map(GroupRules::hash).orElse(""),
                rules.map(GroupRules::sources).orElse(List.of()));
    }

    private Agent agent(SandboxId id) {
        Agent agent = known.get(id);
        if (agent != null) {
            return agent;
        }
        Optional<Agent> found = agents.apply(id);
        found.ifPresent(each -> known.put(id, each));
        return found.orElse(Agent.UNKNOWN);
    }
}
