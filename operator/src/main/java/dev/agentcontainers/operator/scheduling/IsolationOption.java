package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;

/** An IsolationClass as placement sees it. */
public record IsolationOption(String className, String driver, IsolationLevel level) {
    public static IsolationOption of(IsolationClass isolationClass) {
        return new IsolationOption(
                isolationClass.getMetadata().getName(),
                isolationClass.getSpec().driver(),
                isolationClass.getSpec().level());
    }
}
