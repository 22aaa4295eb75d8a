package dev.agentcontainers.egressproxy.budget;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.egressproxy.budget.Purse.Outcome;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Budget;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PurseTest {
    private static final String AGENT = "169.254.64.1";
    private static final String RULE = "inline/a spec.network.egress[a]";

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<CompletableFuture<Long>> asked = new ArrayList<>();
    private final List<Long> sizes = new ArrayList<>();
    private final List<Long> givenBack = new ArrayList<>();
    private final List<Outcome> outcomes = new ArrayList<>();
    private long now;
    private boolean away;
    private final Budgets budgets = new Budgets(
            new Lender() {
                @Override
                public CompletableFuture<Long> spend(String spender, String rule, long bytes) {
                    CompletableFuture<Long> answer = new CompletableFuture<>();
                    asked.add(answer);
                    sizes.add(bytes);
                    return answer;
                }

                @Override
                public CompletableFuture<Boolean> giveBack(String spender, String rule, long bytes) {
                    if (!away) {
                        givenBack.add(bytes);
                    }
                    return CompletableFuture.completedFuture(!away);
                }
            },
            channel.eventLoop(),
            () -> now);

    PurseTest() {
        configure("me", new Budget(RULE, 1000L, null));
    }

    private void configure(String spender, Budget... its) {
        budgets.configure(new Configure(
                Map.of(AGENT, "g"),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                List.of(),
                List.of(),
                NameLimits.DEFAULT,
                Map.of("g", List.of(its)),
                Map.of(AGENT, spender)));
    }

    private Purse purse() {
        return budgets.purse(AGENT, List.of(RULE));
    }

    private void pay(Purse purse, long bytes) {
        purse.pay(bytes, outcomes::add);
        run();
    }

    private void run() {
        channel.runPendingTasks();
    }

    private void pass(Duration time) {
        now += time.toNanos();
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        run();
    }

    private void answer(long bytes) {
        asked.getLast().complete(bytes);
        run();
    }

    private void fail() {
        asked.getLast().completeExceptionally(new IOException("away"));
        run();
    }

    @Test
    void nothingPassesBeforeItIsGranted() {
        Purse purse = purse();
        pay(purse, 100);
        pay(purse, 10);
        assertThat(outcomes).isEmpty();
        assertThat(sizes).containsExactly(152L);
        answer(400);
        assertThat(outcomes).containsExactly(Outcome.PAID, Outcome.PAID);
        assertThat(sizes).as("before it is needed").containsExactly(152L, 1L);
        pay(purse(), 100);
        assertThat(outcomes).hasSize(3);
        pay(purse(), 100);
        assertThat(outcomes).hasSize(3);
        answer(17);
        assertThat(outcomes).hasSize(3);
        assertThat(sizes).as("what is missing").containsExactly(152L, 1L, 152L - (400 - 152 - 62 - 152 + 17));
        answer(101);
        assertThat(outcomes).hasSize(4).containsOnly(Outcome.PAID);
    }

    /** As the packet that is too much for the kernel's quota. */
    @Test
    void whatDoesNotFitUsesTheRestUp() {
        Purse purse = purse();
        pay(purse, 100);
        answer(100);
        assertThat(outcomes).containsExactly(Outcome.USED_UP);
        pay(purse(), 1);
        assertThat(outcomes).containsExactly(Outcome.USED_UP, Outcome.USED_UP);
        assertThat(sizes).as("asked once").hasSize(1);
        pass(Duration.ofSeconds(5));
        assertThat(givenBack).isEmpty();
        configure("me", new Budget(RULE, 2000L, null));
        pay(purse(), 1);
        assertThat(sizes).as("there may be more by other rules").hasSize(2);
    }

    @Test
    void whatNobodyNeedsIsGivenBackOnce() {
        pay(purse(), 100);
        answer(1000);
        pass(Duration.ofSeconds(1));
        assertThat(givenBack).isEmpty();
        pass(Duration.ofSeconds(3));
        pass(Duration.ofSeconds(3));
        assertThat(givenBack).containsExactly(848L);
        pay(purse(), 1);
        assertThat(outcomes).as("it is there no more").hasSize(1);
    }

    @Test
    void whatWaitsForANodeAgentThatIsAwayPassesWhenItIsBackOrEnds() {
        pay(purse(), 100);
        fail();
        pass(Duration.ofMillis(300));
        assertThat(asked).hasSize(2);
        answer(152);
        assertThat(outcomes).containsExactly(Outcome.PAID);
        pay(purse(), 100);
        for (int i = 0; i < 60; i++) {
            if (!asked.getLast().isDone()) {
                fail();
            }
            pass(Duration.ofMillis(250));
        }
        assertThat(outcomes).containsExactly(Outcome.PAID, Outcome.UNCHARGED);
    }

    /** Of connections that come and go nothing stays. */
    @Test
    void whatHasEndedWaitsNoMoreAndIsNotCharged() {
        Purse ended = purse();
        pay(ended, 100);
        pay(ended, 100);
        ended.end();
        assertThat(outcomes).containsExactly(Outcome.ENDED, Outcome.ENDED);
        answer(152);
        pay(purse(), 100);
        assertThat(outcomes).containsExactly(Outcome.ENDED, Outcome.ENDED, Outcome.PAID);
        pay(ended, 1);
        assertThat(outcomes).endsWith(Outcome.ENDED);
    }

    @Test
    void aRateIsABurstAndThenSoManyEachSecond() {
        configure("me", new Budget(RULE, null, 1000L));
        Purse purse = purse();
        empty(purse);
        answer(1 << 20);
        assertThat(outcomes).containsOnly(Outcome.PAID);
        outcomes.clear();
        outcomes.add(Outcome.PAID);
        pay(purse, 500 - 52);
        pass(Duration.ofMillis(490));
        assertThat(outcomes).hasSize(1);
        pass(Duration.ofMillis(20));
        assertThat(outcomes).hasSize(2);
        Purse ended = purse();
        pay(ended, 1000);
        ended.end();
        pass(Duration.ofSeconds(2));
        assertThat(outcomes).endsWith(Outcome.ENDED);
    }

    /** What may come at once at a rate of 1000 bytes a second. */
    private void empty(Purse purse) {
        long left = (128 << 10) + 1000;
        for (; left >= 1500; left -= 1500) {
            pay(purse, 1448);
        }
        pay(purse, left - 52);
    }

    /** Whoever needs little does not go before who needs much, and who has much to send leaves others their turns. */
    @Test
    void whoWaitsForARateIsServedInTurn() {
        configure("me", new Budget(RULE, null, 1000L));
        empty(purse());
        answer(1 << 20);
        List<String> paid = new ArrayList<>();
        Purse large = purse();
        Purse small = purse();
        Purse ended = purse();
        large.pay(1448, _ -> paid.add("large"));
        large.pay(448, _ -> paid.add("large again"));
        ended.pay(48, _ -> {});
        small.pay(48, _ -> paid.add("small"));
        small.pay(48, _ -> paid.add("small again"));
        ended.end();
        pass(Duration.ofMillis(1400));
        assertThat(paid).isEmpty();
        pass(Duration.ofMillis(110));
        assertThat(paid).containsExactly("large");
        pass(Duration.ofMillis(100));
        assertThat(paid).containsExactly("large", "small");
        purse().pay(48, _ -> paid.add("late"));
        pass(Duration.ofMillis(480));
        assertThat(paid).containsExactly("large", "small");
        pass(Duration.ofMillis(250));
        assertThat(paid).containsExactly("large", "small", "large again", "small again", "late");
    }

    /** It is the first that waits for what is granted, and still the first then. */
    @Test
    void whoseTurnItIsKeepsItUntilItIsGranted() {
        configure("me", new Budget(RULE, null, 1000L));
        empty(purse());
        answer((128 << 10) + 1000);
        answer(0);
        configure("me", new Budget(RULE, 1L << 30, 1000L));
        List<String> paid = new ArrayList<>();
        purse().pay(948, _ -> paid.add("first"));
        purse().pay(48, _ -> paid.add("second"));
        pass(Duration.ofMillis(1500));
        assertThat(paid).isEmpty();
        answer(5000);
        assertThat(paid).containsExactly("first", "second");
    }

    @Test
    void aPieceCostsTheHeadersOfItsPackets() {
        assertThat(Purse.withHeaders(0)).isEqualTo(52);
        assertThat(Purse.withHeaders(1448)).isEqualTo(1500);
        assertThat(Purse.withHeaders(1449)).isEqualTo(1449 + 104);
        assertThat(Purse.withHeaders(16 << 10)).isEqualTo((16 << 10) + 12 * 52);
    }

    /** It counts as used whether or not it is there still. */
    @Test
    void nothingIsGivenBackWhileTheNodeAgentIsAway() {
        pay(purse(), 100);
        answer(1000);
        away = true;
        pass(Duration.ofSeconds(3));
        pass(Duration.ofSeconds(3));
        assertThat(givenBack).isEmpty();
        pay(purse(), 100);
        assertThat(outcomes).containsExactly(Outcome.PAID, Outcome.PAID);
        away = false;
        pass(Duration.ofSeconds(3));
        pass(Duration.ofSeconds(3));
        assertThat(givenBack).containsExactly(696L);
    }

    /** The address is another agent's by now. */
    @Test
    void nobodyPaysForWhoHadTheAddressBefore() {
        Purse former = purse();
        configure("another", new Budget(RULE, 1000L, null));
        pay(former, 1);
        assertThat(outcomes).containsExactly(Outcome.UNCHARGED);
        pay(purse(), 1);
        assertThat(sizes).hasSize(1);
    }

    @Test
    void aRuleThatIsNotThereLetsNothingPass() {
        configure("me");
        pay(purse(), 1);
        assertThat(outcomes).containsExactly(Outcome.UNCHARGED);
        assertThat(asked).isEmpty();
    }
}
