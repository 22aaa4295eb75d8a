package dev.agentcontainers.egressproxy.budget;

import dev.agentcontainers.protocol.names.NodeMessage.Budget;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

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
    /** Those who wait for the rate, in the order in which they came. */
    private final Deque<Turn> turns = new ArrayDeque<>();

    private Optional<Pace> pace = Optional.empty();
    private @Nullable ScheduledFuture<?> timer;
    private long terms;
    private long granted;
    private long lastGrant;
    private long lastTaken;
    private boolean asked;
    private boolean givesBack;
    /** Whether there is no more to be had than was granted, as far as is known. */
    private boolean atEnd;

    /**
     * A piece that waits for the rate.
     *
     * @param then is to take it, or to wait for what is granted
     */
    record Turn(long bytes, Runnable then) {}

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
            // Those who wait may have to wait no more, or for longer.
            loop.execute(this::serve);
        }
    }

    /** After how many nanoseconds so many bytes may pass at the rule's rate, behind those who wait. */
    long until(long bytes) {
        long before = turns.stream().mapToLong(Turn::bytes).sum();
        return before == 0 ? untilFirst(bytes) : Math.max(1, untilFirst(before + bytes));
    }

    /** The same for whose turn it is. */
    long untilFirst(long bytes) {
        return pace.map(its -> its.until(bytes, nanoTime.getAsLong())).orElse(0L);
    }

    /** Waits for the rate, behind the others. Its turn does not come at once. */
    void await(Turn turn) {
        turns.add(turn);
        if (turns.size() == 1) {
            serveAfter(untilFirst(turn.bytes));
        }
    }

    /** Nobody waits so any more. */
    void forget(Turn turn) {
        turns.remove(turn);
        if (!turns.isEmpty()) {
            serveAfter(0);
        }
    }

    private void serveAfter(long nanos) {
        if (timer != null) {
            timer.cancel(false);
        }
        timer = loop.schedule(this::serve, Math.max(1, nanos), TimeUnit.NANOSECONDS);
    }

    private void serve() {
        // Whose turn it was may wait for what is granted: nobody goes before.
        for (Turn next = turns.peek(); next != null && waiting.isEmpty(); next = turns.peek()) {
            long wait = untilFirst(next.bytes);
            if (wait > 0) {
                serveAfter(wait);
                return;
            }
            turns.remove();
            next.then.run();
        }
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
        serve();
    }

    /** Nobody waits by this any more. */
    void forget(Consumer<Boolean> then) {
        waiting.remove(then);
    }

    /** Gives back what nobody has needed for a while. */
    void giveBackAfter(Duration quiet) {
        if (granted > 0 && !asked && nanoTime.getAsLong() - lastTaken >= quiet.toNanos()) {
            long rest = granted;
            granted = 0;
            atEnd = false;
            givesBack = true;
            lender.giveBack(spender, rule, rest)
                    .thenAccept(told -> loop.execute(() -> {
                        givesBack = false;
                        if (!told) {
                            // It counts as used already.
                            granted += rest;
                        }
                    }));
        }
    }

    String spender() {
        return spender;
    }

    /** Whether nothing would be forgotten with it. */
    boolean isIdle() {
        return granted == 0
                && !asked
                && !givesBack
                && turns.isEmpty()
                && pace.map(its -> its.isFull(nanoTime.getAsLong())).orElse(true);
    }
}
