package dev.agentcontainers.egressproxy.budget;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Pays for the bytes of one tunnel or request, both ways together and in the order in which they come: the first of its rules that has
 * room, and none before it was granted. For the loop's thread.
 */
public final class Purse {
    /** The headers of a packet, of IP and TCP: budgets count what the agent's interface sees. */
    private static final int HEADERS = 52;

    /** What is in one beside them, where no machine puts several together. */
    private static final int SEGMENT = 1448;

    /** Pays for everything. */
    public static final Purse FREE = new Purse(null, "", "", List.of());

    private final @Nullable Budgets budgets;
    private final String agent;
    private final String spender;
    private final List<String> rules;
    private final Deque<Piece> pieces = new ArrayDeque<>();
    private final Consumer<Boolean> answered = this::answered;
    private Optional<Account> asked = Optional.empty();
    private Optional<Paced> paced = Optional.empty();
    /** The account at which it is this one's turn. */
    private Optional<Account> served = Optional.empty();

    private boolean working;
    private boolean over;

    /** What becomes of a piece. */
    public enum Outcome {
        /** It may pass. */
        PAID,
        /** No rule has as much left. */
        USED_UP,
        /** Nobody could say whether some has, or the rules have gone. */
        UNCHARGED,
        /** What it is of has ended meanwhile. */
        ENDED
    }

    private record Piece(long bytes, Consumer<Outcome> then) {}

    /** Where this waits for the rate. */
    private record Paced(Account account, Account.Turn turn) {}

    Purse(@Nullable Budgets budgets, String agent, String spender, List<String> rules) {
        this.budgets = budgets;
        this.agent = agent;
        this.spender = spender;
        this.rules = List.copyOf(rules);
    }

    /** Whether nothing is counted. */
    public boolean isFree() {
        return budgets == null;
    }

    /** Those whose budgets are charged. */
    public List<String> rules() {
        return rules;
    }

    /**
     * Has a piece paid for, at once where there is enough, or after a while.
     *
     * @param bytes beside the headers of packets; none: only those of one
     * @param then is told once
     */
    public void pay(long bytes, Consumer<Outcome> then) {
        if (budgets == null) {
            then.accept(Outcome.PAID);
        } else if (over) {
            then.accept(Outcome.ENDED);
        } else {
            pieces.add(new Piece(withHeaders(bytes), then));
            goOn();
        }
    }

    /** With those of the packets that so many bytes take. */
    static long withHeaders(long bytes) {
        return bytes + HEADERS * Math.max(1, Math.ceilDiv(bytes, SEGMENT));
    }

    /** Nothing more is to pass, and nothing that waits. */
    public void end() {
        if (budgets == null || over) {
            return;
        }
        over = true;
        asked.ifPresent(each -> each.forget(answered));
        paced.ifPresent(each -> each.account.forget(each.turn));
        for (Piece next = pieces.poll(); next != null; next = pieces.poll()) {
            next.then.accept(Outcome.ENDED);
        }
    }

    private void goOn() {
        if (working || asked.isPresent() || paced.isPresent()) {
            return;
        }
        working = true;
        try {
            for (Piece next = pieces.peek(); next != null && !over; next = pieces.peek()) {
                Optional<Outcome> outcome = attempt(next.bytes);
                if (outcome.isEmpty()) {
                    return;
                }
                pieces.remove();
                served = Optional.empty();
                next.then.accept(outcome.get());
            }
        } finally {
            working = false;
        }
    }

    /** Empty where it is not known yet. */
    private Optional<Outcome> attempt(long bytes) {
        Budgets its = budgets;
        if (its == null) {
            return Optional.of(Outcome.PAID);
        }
        List<Account> used = new ArrayList<>();
        long soonest = Long.MAX_VALUE;
        Optional<Account> first = Optional.empty();
        for (String rule : rules) {
            Optional<Account> account = its.account(agent, spender, rule);
            if (account.isEmpty()) {
                return Optional.of(Outcome.UNCHARGED);
            }
            Account each = account.get();
            long wait = served.equals(account) ? each.untilFirst(bytes) : each.until(bytes);
            if (each.lacks(bytes)) {
                used.add(each);
            } else if (wait > 0) {
                first = wait < soonest ? account : first;
                soonest = Math.min(soonest, wait);
            } else if (each.take(bytes)) {
                return Optional.of(Outcome.PAID);
            } else {
                asked = account;
                each.ask(bytes, answered);
                return Optional.empty();
            }
        }
        if (first.isPresent()) {
            await(first.get(), bytes);
            return Optional.empty();
        }
        used.forEach(Account::useUp);
        return Optional.of(Outcome.USED_UP);
    }

    private void await(Account account, long bytes) {
        Account.Turn turn = new Account.Turn(bytes, () -> {
            paced = Optional.empty();
            served = Optional.of(account);
            goOn();
        });
        served = Optional.empty();
        paced = Optional.of(new Paced(account, turn));
        account.await(turn);
    }

    private void answered(boolean truly) {
        asked = Optional.empty();
        if (truly) {
            goOn();
            return;
        }
        served = Optional.empty();
        Piece next = pieces.poll();
        if (next != null) {
            next.then.accept(Outcome.UNCHARGED);
        }
        goOn();
    }
}
