package dev.agentcontainers.operator.logging;

import static org.assertj.core.api.Assertions.assertThat;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class LogContextTest {
    @Test
    void namesTheObjectWhileItIsOpenAndThenTheOneBefore() {
        try (LogContext outer = LogContext.of(new ResourceID("outer", "team"))) {
            try (LogContext inner = LogContext.of(new ResourceID("node"))) {
                assertThat(MDC.get("resource.name")).isEqualTo("node");
                assertThat(MDC.get("resource.namespace")).isEmpty();
            }
            assertThat(MDC.get("resource.name")).isEqualTo("outer");
            assertThat(MDC.get("resource.namespace")).isEqualTo("team");
        }
        assertThat(MDC.get("resource.name")).isNull();
        assertThat(MDC.get("resource.namespace")).isNull();
    }
}
