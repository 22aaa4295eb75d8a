package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every call into the kernel fails once, at a real kernel. */
@Tag("node")
class FenceFailureIT {
    @Test
    void attachThatFailsAtAnyCallLeavesNothing() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW));
                String before = state(machine);
                int call = 1;
                while (failsAt(call, system, () -> fence.attach(agent.id(), agent.network(), "narrow"))) {
                    assertThat(state(machine)).as("after failure " + call).isEqualTo(before);
                    assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
                    call++;
                }
                assertThat(call).isGreaterThan(8);
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            } finally {
                fence.destroy();
            }
        }
    }

    /** The first agent with a rate: what holds it comes before its interface, and without it there is none. */
    @Test
    void attachWithRatesThatFailsAtAnyCallLeavesNoAgent() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW));
                NetworkRates rates = new NetworkRates(OptionalLong.of(1 << 20), OptionalLong.of(1 << 20));
                List<String> refusals = new ArrayList<>();
                int call = 1;
                while (failsAt(call, system, () -> {
                    try {
                        fence.attach(agent.id(), agent.network(), "narrow", rates);
                    } catch (SandboxException e) {
                        refusals.add(String.valueOf(e.getMessage()));
                        throw e;
                    }
                })) {
                    assertThat(state(machine))
                            .as("after failure " + call)
                            .doesNotContain(Names.agentInterface(agent.id()));
                    assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
                    call++;
                }
                assertThat(refusals)
                        .anySatisfy(
                                refusal -> assertThat(refusal)
                                        .contains(
                                                "spec.resources.limits.network-egress-rate and"
                                                        + " spec.resources.limits.network-ingress-rate can't be enforced on this node"));
                assertThat(machine.inFence("nft list limits")).contains(Names.agentInterface(agent.id()));
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                List<String> actions = system.actions();
                assertThat(actions.lastIndexOf("add to the map " + Names.RECEIVING_RATES))
                        .isLessThan(actions.lastIndexOf(
                                "make the interface pair " + Names.agentInterface(agent.id()) + ", eth0"));
                int change = 1;
                NetworkRates others = new NetworkRates(OptionalLong.of(2 << 20), OptionalLong.empty());
                while (failsAt(change, system, () -> fence.attach(agent.id(), agent.network(), "narrow", others))) {
                    assertThat(machine.inFence("nft list map inet agentfence sending_rates"))
                            .as("after failure " + change)
                            .contains(Names.sendingRate(Names.agentInterface(agent.id()), 1 << 20));
                    change++;
                }
                assertThat(machine.inFence("nft list map inet agentfence sending_rates"))
                        .contains(Names.sendingRate(Names.agentInterface(agent.id()), 2 << 20));
            } finally {
                fence.destroy();
            }
        }
    }

    @Test
    void rulesComeBeforeTheInterface() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW));
                int before = system.actions().size();
                fence.attach(agent.id(), agent.network(), "narrow");

                List<String> actions = system.actions();
                assertThat(actions.subList(before, actions.size()))
                        .containsSubsequence(
                                "add to the set sources",
                                "map to the chain g_narrow",
                                "add to the set denied",
                                "commit the nftables transaction",
                                "make the interface pair " + Names.agentInterface(agent.id()) + ", eth0",
                                "bring up the interface eth0");
            } finally {
                fence.destroy();
            }
        }
    }

    @Test
    void deathAtAnyCallOfAttachIsClearedUpByTheNextProcess() throws Exception {
        try (Machine machine = Machine.create()) {
            LinuxFence successor = machine.fence();
            try (HostileAgent agent = machine.agent()) {
                successor.open(Machine.fenceSettings());
                successor.apply(List.of(Groups.NARROW));
                String before = state(machine);
                int call = 1;
                while (diesAt(call, machine, agent)) {
                    successor.open(Machine.fenceSettings());
                    if (successor.attachments().isEmpty()) {
                        assertThat(state(machine)).as("after death " + call).isEqualTo(before);
                        assertThat(agent.shell("ip -o link | wc -l")).startsWith("0 1");
                    } else {
                        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                        successor.detach(agent.id());
                    }
                    call++;
                }
                assertThat(call).isGreaterThan(8);
            } finally {
                successor.destroy();
            }
        }
    }

    private static boolean diesAt(int call, Machine machine, HostileAgent agent) throws SandboxException {
        FailingSystem system = new FailingSystem(FenceSystem.linux());
        try (LinuxFence fence = new LinuxFence(machine.settings(), system)) {
            fence.open(Machine.fenceSettings());
            fence.attachments();
            system.dieAt(call);
            fence.attach(agent.id(), agent.network(), "narrow");
            return false;
        } catch (SandboxException e) {
            assertThat(e).hasMessageContaining("made to fail");
            return true;
        }
    }

    @Test
    void applicationThatFailsAtAnyCallLeavesTheOldOrTheNewRules() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW, Groups.WIDE));
                fence.attach(agent.id(), agent.network(), "narrow");
                int call = 1;
                GroupRuleset next = Groups.narrowWithNoise(7);
                while (failsAt(call, system, () -> fence.apply(List.of(next)))) {
                    assertThat(agent.tcp(ALLOWED, PORT))
                            .as("after failure " + call)
                            .isEqualTo("ok");
                    assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
                    call++;
                }
                assertThat(call).isGreaterThan(8);
                assertThat(machine.inFence("nft list sets").lines().filter(line -> line.contains("a4_")))
                        .hasSize(1);
            } finally {
                fence.destroy();
            }
        }
    }

    @Test
    void openingThatFailsAtAnyCallCanBeRepeatedOrDestroyed() throws Exception {
        try (Machine machine = Machine.create()) {
            String before = machine.onHost("nft list ruleset; ip -o link | cut -d: -f2; ip route");
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            long sockets = openSockets();
            int call = 1;
            while (failsAt(call, system, () -> fence.open(Machine.fenceSettings()))) {
                assertThat(openSockets()).as("after failure " + call).isEqualTo(sockets);
                if (call % 2 == 0) {
                    fence.destroy();
                    assertThat(machine.onHost("nft list ruleset; ip -o link | cut -d: -f2; ip route"))
                            .as("after failure " + call)
                            .isEqualTo(before);
                }
                call++;
            }
            assertThat(call).isGreaterThan(8);
            fence.destroy();
        }
    }

    /** What is asked of the kernel for budgets and nothing else. */
    private static final Pattern FOR_BUDGETS = Pattern.compile(
            "(make|delete) the object|list objects|(spend|slow|pace)[0-9]|paced|note_budget|used_up|spend_|the rules"
                    + " of budgets");

    private static final long BYTES = 1 << 20;

    private static final GroupRuleset CHARGED = Groups.budgeted(Groups.group("payer"), BYTES, Groups.at(ALLOWED, PORT));

    /** By chains that it does not know, by objects that it does not have, by all of it. */
    @ParameterizedTest
    @ValueSource(strings = {"spend_", "make the object", "list objects|make the object", ""})
    void rulesAreTakenBackThoughTheKernelHasNoQuotas(String refused) throws Exception {
        Pattern calls = refused.isEmpty() ? FOR_BUDGETS : Pattern.compile(refused);
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent revoked = machine.agent();
                    HostileAgent payer = machine.agent();
                    HostileAgent plain = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW, Groups.group("payer")));
                fence.attach(revoked.id(), revoked.network(), "narrow");
                fence.attach(payer.id(), payer.network(), "payer");
                assertThat(revoked.request("open_flow", "held", ALLOWED, PORT)).isEqualTo("ok");

                List<GroupRuleset> next = List.of(Groups.group("narrow"), CHARGED, plainGroup());
                system.among(what -> calls.matcher(what).find());
                system.dieAt(1);
                for (int attempt = 0; attempt < 2; attempt++) {
                    assertThat(fence.apply(next))
                            .containsEntry("narrow", Groups.group("narrow").hash())
                            .containsEntry("plain", plainGroup().hash())
                            .containsEntry("payer", CHARGED.withoutBudgets().hash());
                    assertThat(revoked.tcp(ALLOWED, PORT)).contains("No route to host");
                    assertThat(revoked.request("send_flow", "held")).isNotEqualTo("ok");
                    assertThat(payer.tcp(ALLOWED, PORT)).contains("No route to host");
                    fence.attach(plain.id(), plain.network(), "plain");
                    assertThat(plain.tcp(ALLOWED, PORT)).isEqualTo("ok");
                    assertThat(fence.repair().warnings())
                            .anyMatch(warning ->
                                    warning.contains("the policy groups payer") && warning.contains("made to fail"));
                    assertThat(payer.tcp(ALLOWED, PORT)).contains("No route to host");
                }

                system.recover();
                assertThat(fence.apply(next)).containsEntry("payer", CHARGED.hash());
                assertThat(payer.tcp(ALLOWED, PORT)).isEqualTo("ok");
                assertThat(used(fence, payer)).isPositive();
                assertThat(fence.repair()).isEqualTo(Condition.SOUND);
                assertThat(revoked.tcp(ALLOWED, PORT)).contains("No route to host");
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    private static GroupRuleset plainGroup() {
        return Groups.group("plain", Groups.at(ALLOWED, PORT).toArray(Allow[]::new));
    }

    private static long used(LinuxFence fence, HostileAgent agent) throws SandboxException {
        return Objects.requireNonNull(fence.budgets().get(agent.id()))
                .getFirst()
                .used();
    }

    /** Once, and from then on. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void chargingThatFailsAtAnyCallOpensNothingUnchargedAndHoldsNothingUp(boolean forEver) throws Exception {
        GroupRuleset before = Groups.budgeted(
                Groups.group("payer"),
                List.of(Groups.budget("a", BYTES), Groups.budget("b", BYTES)),
                new Budgeted(List.of(0), Groups.at(ALLOWED, PORT), List.of()),
                new Budgeted(List.of(1), Groups.at(DENIED, PORT), List.of()));
        GroupRuleset slower = slowerAndLess();
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            system.among(what -> FOR_BUDGETS.matcher(what).find());
            try (HostileAgent revoked = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(Groups.NARROW));
                fence.attach(revoked.id(), revoked.network(), "narrow");
                boolean failed = true;
                int call = 1;
                for (; failed; call++) {
                    fence.apply(List.of(Groups.NARROW, before));
                    assertThat(revoked.tcp(ALLOWED, PORT)).isEqualTo("ok");
                    try (HostileAgent payer = machine.agent()) {
                        fence.attach(payer.id(), payer.network(), "payer");
                        assertThat(payer.tcp(ALLOWED, PORT)).isEqualTo("ok");
                        assertThat(payer.tcp(DENIED, PORT)).isEqualTo("ok");
                        List<GroupRuleset> next = List.of(Groups.group("narrow"), slower, plainGroup());
                        int failures = system.failures();
                        if (forEver) {
                            system.dieAt(call);
                        } else {
                            system.failAt(call);
                        }
                        fence.apply(next);
                        system.recover();
                        failed = system.failures() > failures;
                        assertThat(revoked.tcp(ALLOWED, PORT))
                                .as("after failure " + call)
                                .contains("No route to host");
                        assertThat(payer.tcp(DENIED, PORT))
                                .as("after failure " + call)
                                .contains("No route to host");
                        String mark = mark(machine, "slow0");
                        assertThat(mark.isEmpty()
                                        || !machine.inFence("nft list map inet agentfence spend0")
                                                .contains(mark))
                                .as("one way or the other, after failure " + call)
                                .isTrue();
                        if (mark.isEmpty()) {
                            assertThat(payer.tcp(ALLOWED, PORT))
                                    .as("without its rate, after failure " + call)
                                    .contains("No route to host");
                        }
                        assertThat(Long.parseLong(payer.request("spend", ALLOWED, PORT, 4 * BYTES)))
                                .as("after failure " + call)
                                .isLessThan(BYTES / 4 + (128 << 10));
                        fence.apply(next);
                        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
                        assertThat(used(fence, payer)).isPositive();
                        fence.detach(payer.id());
                        fence.forgetBudgets(payer.id());
                    }
                }
                assertThat(call).isGreaterThan(3);
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    /** The only one that leads somewhere in the map; empty where there is none. */
    private static String mark(Machine machine, String map) {
        Matcher mark = Pattern.compile("(?s)elements = \\{ [^ ]+ \\. (0x[0-9a-f]+) ")
                .matcher(machine.inFence("nft list map inet agentfence " + map));
        return mark.find() ? mark.group(1) : "";
    }

    /** More than is changed at once, and not all that there was. */
    private static GroupRuleset slowerAndLess() {
        List<Budget> budgets = new ArrayList<>();
        List<Budgeted> budgeted = new ArrayList<>();
        budgets.add(new Budget("EgressPolicy/sites spec.egress[a]", BYTES / 4, 1L << 30));
        budgeted.add(new Budgeted(List.of(0), Groups.at(ALLOWED, PORT), List.of()));
        for (int i = 1; i <= 60; i++) {
            budgets.add(Groups.budget("n" + i, BYTES));
            budgeted.add(new Budgeted(
                    List.of(i), List.of(), List.of(Groups.name("n" + i + ".example.org", Protocol.TCP, PORT))));
        }
        return Groups.budgeted(Groups.group("payer"), budgets, budgeted.toArray(Budgeted[]::new));
    }

    @Test
    void anAgentIsBoundToAnotherGroupThoughNothingCanBeCharged() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            system.among(what -> FOR_BUDGETS.matcher(what).find());
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(plainGroup(), CHARGED, Groups.EMPTY));
                for (String group : List.of("payer", "empty")) {
                    fence.attach(agent.id(), agent.network(), "plain");
                    assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                    int call = 1;
                    while (failsAt(call, true, system, () -> fence.attach(agent.id(), agent.network(), group))) {
                        assertThat(agent.tcp(ALLOWED, PORT))
                                .as(group + " after failure " + call)
                                .isNotEqualTo("ok");
                        fence.attach(agent.id(), agent.network(), "plain");
                        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                        call++;
                    }
                    assertThat(call > 1).as(group).isEqualTo(group.equals("payer"));
                }
                assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    @Test
    void agentsWithoutBudgetsComeGoAndAreReboundThoughNothingCanBeCharged() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            system.among(what -> FOR_BUDGETS.matcher(what).find());
            try (HostileAgent payer = machine.agent();
                    HostileAgent plain = machine.agent()) {
                fence.open(Machine.fenceSettings(FEW_ADDRESSES));
                fence.apply(List.of(CHARGED, plainGroup(), Groups.EMPTY));
                fence.attach(payer.id(), payer.network(), "payer");
                fence.attach(plain.id(), plain.network(), "plain");
                assertThat(payer.tcp(ALLOWED, PORT)).isEqualTo("ok");
                assertThat(machine.inFence(CHARGES)).contains("quota q_").contains("elements");

                system.dieAt(1);
                List<GroupRuleset> next = List.of(slowerAndLess(), plainGroup(), Groups.EMPTY);
                assertThat(fence.apply(next))
                        .containsEntry("payer", slowerAndLess().withoutBudgets().hash());
                fence.attach(payer.id(), payer.network(), "plain");
                assertThat(payer.tcp(ALLOWED, PORT)).isEqualTo("ok");
                fence.attach(payer.id(), payer.network(), "empty");
                assertThat(payer.tcp(ALLOWED, PORT)).contains("No route to host");
                fence.detach(payer.id());
                fence.forgetBudgets(payer.id());
                for (int restart = 0; restart < 2 * MOST_AGENTS; restart++) {
                    // It goes with the agent's last process.
                    machine.inFence("ip link del " + Names.agentInterface(plain.id()));
                    fence.attach(plain.id(), plain.network(), "plain");
                    fence.detach(plain.id());
                    fence.attach(plain.id(), plain.network(), "plain");
                }
                assertThat(plain.tcp(ALLOWED, PORT)).isEqualTo("ok");
                assertThat(fence.attachments()).containsOnlyKeys(plain.id());
                assertThat(fence.repair().warnings()).anyMatch(warning -> warning.contains("budgets"));
                fence.detach(plain.id());
                assertThat(machine.inFence("nft list set inet agentfence sources"))
                        .doesNotContain("elements");
                assertThat(machine.inFence(CHARGES)).as("is left for now").contains("elements");

                system.recover();
                fence.repair();
                assertThat(machine.inFence(CHARGES)).doesNotContain("quota q_").doesNotContain("elements");
                fence.apply(next);
                assertThat(fence.repair()).isEqualTo(Condition.SOUND);
                assertThat(fence.destroyUnused()).isTrue();
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    private static final String FEW_ADDRESSES = "100.80.4.0/28";
    private static final int MOST_AGENTS = 13;
    private static final String CHARGES = "nft list quotas; nft list map inet agentfence spend0";

    @Test
    void attachingAgainThatFailsLosesNoAddress() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings(FEW_ADDRESSES));
                fence.apply(List.of(Groups.NARROW));
                fence.attach(agent.id(), agent.network(), "narrow");
                machine.inFence("ip link del " + Names.agentInterface(agent.id()));
                system.among("list tracked connections"::equals);
                for (int attempt = 0; attempt < 2 * MOST_AGENTS; attempt++) {
                    assertThat(failsAt(1, true, system, () -> fence.attach(agent.id(), agent.network(), "narrow")))
                            .isTrue();
                }
                fence.attach(agent.id(), agent.network(), "narrow");
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    @Test
    void theFenceIsOpenedThoughWhatACrashLeftOfBudgetsCannotBeRemoved() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            system.among(what -> FOR_BUDGETS.matcher(what).find());
            try {
                fence.open(Machine.fenceSettings());
                boolean failed = true;
                int call = 1;
                for (; failed; call++) {
                    try (HostileAgent payer = machine.agent()) {
                        fence.apply(List.of(CHARGED));
                        fence.attach(payer.id(), payer.network(), "payer");
                        assertThat(payer.tcp(ALLOWED, PORT)).isEqualTo("ok");
                        machine.inFence("ip link del " + Names.agentInterface(payer.id()));
                        fence.close();

                        int failures = system.failures();
                        system.dieAt(call);
                        fence.open(Machine.fenceSettings());
                        system.recover();
                        failed = system.failures() > failures;
                        assertThat(machine.inFence("nft list set inet agentfence sources"))
                                .as("after failure " + call)
                                .doesNotContain("elements");
                        assertThat(fence.repair().warnings()).isEmpty();
                        assertThat(machine.inFence(CHARGES))
                                .as("after failure " + call)
                                .contains("quota q_")
                                .doesNotContain("elements");
                        fence.forgetBudgets(payer.id());
                        assertThat(machine.inFence(CHARGES)).doesNotContain("quota q_");
                    }
                }
                assertThat(call).isGreaterThan(3);
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    @Test
    void anAgentThatCannotBeCutOffHasNothingOfItsFormerGroup() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            String cut = "delete the interface";
            system.among(what -> FOR_BUDGETS.matcher(what).find() || what.startsWith(cut));
            try (HostileAgent agent = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(plainGroup(), CHARGED));
                fence.attach(agent.id(), agent.network(), "plain");
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");

                system.dieAt(1);
                assertThatThrownBy(() -> fence.attach(agent.id(), agent.network(), "payer"))
                        .hasMessageContaining("made to fail")
                        .cause()
                        .satisfies(cause -> assertThat(cause.getMessage()).doesNotContain(cut))
                        .satisfies(cause -> assertThat(cause.getSuppressed())
                                .anyMatch(also ->
                                        String.valueOf(also.getMessage()).contains(cut)));
                assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");

                system.recover();
                fence.attach(agent.id(), agent.network(), "payer");
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                assertThat(used(fence, agent)).isPositive();
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    /** Which goes on charging what an earlier process opened. */
    @Test
    void aFenceWithBudgetsIsOpenedThoughTheyCannotBeTakenUp() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system);
            system.among(what -> FOR_BUDGETS.matcher(what).find());
            try (HostileAgent payer = machine.agent();
                    HostileAgent revoked = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(CHARGED, Groups.NARROW));
                fence.attach(payer.id(), payer.network(), "payer");
                fence.attach(revoked.id(), revoked.network(), "narrow");
                payer.request("spend", ALLOWED, PORT, 4 * BYTES);
                assertThat(payer.tcp(ALLOWED, PORT)).contains("No route to host");
                fence.close();

                system.dieAt(1);
                fence.open(Machine.fenceSettings());
                assertThat(payer.tcp(ALLOWED, PORT)).contains("No route to host");
                assertThat(fence.apply(List.of(CHARGED, Groups.group("narrow"))))
                        .containsEntry("payer", CHARGED.withoutBudgets().hash());
                assertThat(revoked.tcp(ALLOWED, PORT)).contains("No route to host");
                assertThat(payer.tcp(ALLOWED, PORT)).contains("No route to host");
                assertThat(fence.destroyUnused()).isFalse();

                system.recover();
                fence.apply(List.of(CHARGED, Groups.group("narrow")));
                assertThat(payer.tcp(ALLOWED, PORT)).contains("No route to host");
                assertThat(used(fence, payer)).isEqualTo(BYTES);
                assertThat(fence.repair()).isEqualTo(Condition.SOUND);
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    @Test
    void whatOthersChangedOfRulesIsPutRightThoughNothingCanBeCharged() throws Exception {
        try (Machine machine = Machine.create()) {
            FailingSystem system = new FailingSystem(FenceSystem.linux());
            LinuxFence fence = new LinuxFence(machine.settings(), system, Duration.ZERO);
            system.among(what -> FOR_BUDGETS.matcher(what).find());
            try (HostileAgent payer = machine.agent();
                    HostileAgent other = machine.agent()) {
                fence.open(Machine.fenceSettings());
                fence.apply(List.of(CHARGED, Groups.EMPTY));
                fence.attach(payer.id(), payer.network(), "payer");
                fence.attach(other.id(), other.network(), "empty");
                machine.inFence("nft insert rule inet agentfence g_empty accept");
                assertThat(other.tcp(ALLOWED, PORT)).isEqualTo("ok");
                system.dieAt(1);
                Condition condition = fence.repair();
                assertThat(condition.repaired()).contains("the rules of the policy group empty were changed");
                assertThat(condition.warnings()).anyMatch(warning -> warning.contains("budgets"));
                assertThat(other.tcp(ALLOWED, PORT)).contains("No route to host");
                system.recover();
                assertThat(fence.repair()).isEqualTo(Condition.SOUND);
                assertThat(payer.tcp(ALLOWED, PORT)).isEqualTo("ok");
            } finally {
                system.recover();
                fence.destroy();
            }
        }
    }

    /** A socket that is left open would keep the fence's namespace alive. */
    private static long openSockets() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(FenceFailureIT::isSocket).count();
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException e) {
            return false;
        }
    }

    private interface Action {
        void run() throws SandboxException;
    }

    private static boolean failsAt(int call, FailingSystem system, Action action) {
        return failsAt(call, false, system, action);
    }

    /** @param forEver whether all calls after it fail too, until this returns */
    private static boolean failsAt(int call, boolean forEver, FailingSystem system, Action action) {
        if (forEver) {
            system.dieAt(call);
        } else {
            system.failAt(call);
        }
        try {
            action.run();
            return false;
        } catch (SandboxException e) {
            assertThat(e).hasMessageContaining("made to fail");
            assertThat(e.step()).isEqualTo(Step.FENCE);
            assertThat(e.kind()).isEqualTo(Kind.TRANSIENT);
            return true;
        } finally {
            system.recover();
        }
    }

    private static String state(Machine machine) {
        return machine.inFence("nft list ruleset; ip -o link | cut -d: -f2; ip route; ip neigh")
                .replaceAll("never_[0-9]+", "never")
                .lines()
                .sorted()
                .collect(Collectors.joining("\n"));
    }
}
