package dev.agentcontainers.operator.testing;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Where a test fails, its report says what became of each operator that it had to do with, and how each log ends. */
public final class OperatorReport implements BeforeEachCallback, AfterEachCallback {
    @Override
    public void beforeEach(ExtensionContext context) {
        OperatorProcess.forgetStopped();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        context.getExecutionException()
                .ifPresent(failure -> OperatorProcess.started()
                        .forEach(operator -> failure.addSuppressed(new Fate(operator.describe()))));
    }

    /** Part of a failure's report; where it was made says nothing. */
    private static final class Fate extends AssertionError {
        private static final long serialVersionUID = 1L;

        Fate(String message) {
            super(message);
            setStackTrace(new StackTraceElement[0]);
        }
    }
}
