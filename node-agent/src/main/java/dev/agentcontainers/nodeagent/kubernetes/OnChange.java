package dev.agentcontainers.nodeagent.kubernetes;

import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.function.BiPredicate;

/**
 * Calls for a look at the whole after each event.
 *
 * @param matters whether the step from the first to the second state is worth a look
 */
record OnChange<T>(BiPredicate<T, T> matters, Runnable look) implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T added) {
        look.run();
    }

    @Override
    public void onUpdate(T before, T after) {
        if (matters.test(before, after)) {
            look.run();
        }
    }

    @Override
    public void onDelete(T deleted, boolean finalStateUnknown) {
        look.run();
    }
}
