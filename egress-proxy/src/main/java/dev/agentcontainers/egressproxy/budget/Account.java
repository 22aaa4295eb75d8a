package dev.agentcontainers.egressproxy.budget;

import dev.agentcontainers.protocol.names.NodeMessage.Budget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** What one agent was granted of one rule's budget and has not spent. For one thread. */
final class Account {
    /** How long the node agent may be away before what waits for it ends. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Duration PAUSE = Duration.ofMillis(250);

    private final String spender;
    private final String rule;
    private final Lender lender;
    private final ScheduledExecutorService loop;
    private final LongSupplier nanoTime;
    private final List<Consumer<Boolean>> waiting = new ArrayList<>();
    private Optional<Pace> pace = Optional.empty();
    private long terms;
    private long granted;
    private long lastGrant;
    private long lastTaken;
    private boolean asked;
    /** Whether there is no more to be had than was granted, as far as is known. */
    private boolean atEnd;

    Account(String spender, String rule, Lender lender, ScheduledExecutorService loop, LongSupplier nanoTime) {
        this.spender = spender;
        this.rule = rule;
        this.lender = lender;
        this.loop = loop;
        this.nanoTime = nanoTime;
        this.lastTaken = nanoTime.getAsLong();
    }

    /** @param number another one where there may be more by now */
    void under(Budget budget, long number) {
        if (number != terms) {
            terms = number;
            atEnd = false;
        }
        long rate = budget.rate() == null ? 0 : budget.rate();
        if (pace.map(Pace::rate).orElse(0L) != rate) {
            pace = rate == 0 ? Optional.empty() : Optional.of(new Pace(rate, nanoTime.getAsLong()));
        }
    }

    /** After how many nanoseconds so many bytes may pass at the rule's rate. */
    long until(long bytes) {
        return pace.map(its -> its.until(bytes, nanoTime.getAsLong())).orElse(0L);
    }

    /** Takes so many, or none where there are not as many. */
    boolean take(long bytes) {
        if (granted < bytes) {
            return false;
        }
        granted -= bytes;
        lastTaken = nanoTime.getAsLong();
        pace.ifPresent(its -> its.take(bytes, lastTaken));
        if (granted < lastGrant / 2 && !asked && !atEnd) {
            // Before it is needed; how much is for the lender to say.
            asked = true;
            ask(1, lastTaken);
        }
        return true;
    }

    /** Whether there are fewer than so many, and no more to be had. */
    boolean lacks(long bytes) {
        return atEnd && granted < bytes;
    }

    /** What is left is less than was to pass: it counts as used, as a packet does that the kernel refuses. */
    void useUp() {
        granted = 0;
    }

    /**
     * Asks for so many more than there are that as many can be taken, unless it is asked already.
     *
     * @param then is told whether there was an answer
     */
    void ask(long bytes, Consumer<Boolean> then) {
        waiting.add(then);
        if (!asked) {
            asked = true;
            ask(bytes - granted, nanoTime.getAsLong());
        }
    }

    private void ask(long missing, long since) {
        lender.spend(spender, rule, missing)
                .whenComplete((more, failure) -> loop.execute(() -> {
                    if (failure == null) {
                        granted += more;
                        lastGrant = more;
                        atEnd = more < missing;
                        answered(true);
                    } else if (nanoTime.getAsLong() - since < PATIENCE.toNanos()) {
                        loop.schedule(() -> ask(missing, since), PAUSE.toMillis(), TimeUnit.MILLISECONDS);
                    } else {
                        answered(false);
                    }
                }));
    }

    private void answered(boolean truly) {
        asked = false;
        List<Consumer<Boolean>> told = List.copyOf(waiting);
        waiting.clear();
        told.forEach(each -> each.accept(truly));
    }

    /** Nobody waits by this any more. */
    void forget(Consumer<Boolean> then) {
        waiting.remove(then);
    }

    /** Gives back what nobody has needed for a while. */
    void giveBackAfter(Duration quiet) {
        if (granted > 0 && !asked && nanoTime.getAsLong() - lastTaken >= quiet.toNanos()) {
            lender.giveBack(spender, rule, granted);
            granted = 0;
            atEnd = false;
        }
    }

    String spender() {
        return spender;
    }

    /** Whether nothing would be forgotten with it. */
    boolean isIdle() {
        return granted == 0
                && !asked
                && pace.map(its -> its.isFull(nanoTime.getAsLong())).orElse(true);
    }
}
