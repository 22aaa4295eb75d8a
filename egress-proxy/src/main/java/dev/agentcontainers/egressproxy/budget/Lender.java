package dev.agentcontainers.egressproxy.budget;

import java.util.concurrent.CompletableFuture;

/** Who keeps the books of budgets. May be asked by any thread. */
public interface Lender {
    /**
     * Asks for bytes of a rule's budget, which count as used when they are granted.
     *
     * @param spender who the agent is
     * @param bytes that are needed
     * @return how many there are: as many or more, or fewer where there are no more. Fails where nobody can say
     */
    CompletableFuture<Long> spend(String spender, String rule, long bytes);

    /**
     * So many of those that were granted were not needed.
     *
     * @return whether there was anybody to be told
     */
    CompletableFuture<Boolean> giveBack(String spender, String rule, long bytes);
}
