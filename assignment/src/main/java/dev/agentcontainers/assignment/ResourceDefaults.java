package dev.agentcontainers.assignment;

import dev.agentcontainers.api.v1alpha1.Resources;
import io.fabric8.kubernetes.api.model.Quantity;
import org.jspecify.annotations.Nullable;

/** Fills in what a manifest leaves open about resources. Pure. */
public final class ResourceDefaults {
    private ResourceDefaults() {}

    /** The resources with requests filled in from the limits, amount by amount. */
    public static Resources filledIn(@Nullable Resources resources) {
        Resources.@Nullable Requests requests = resources == null ? null : resources.requests();
        Resources.@Nullable Limits limits = resources == null ? null : resources.limits();
        return new Resources(
                new Resources.Requests(
                        either(requests == null ? null : requests.cpu(), limits == null ? null : limits.cpu()),
                        either(requests == null ? null : requests.memory(), limits == null ? null : limits.memory()),
                        either(
                                requests == null ? null : requests.ephemeralStorage(),
                                limits == null ? null : limits.ephemeralStorage())),
                limits);
    }

    private static @Nullable Quantity either(@Nullable Quantity first, @Nullable Quantity second) {
        return first == null ? second : first;
    }
}
