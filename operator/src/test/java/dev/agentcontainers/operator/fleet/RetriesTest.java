package dev.agentcontainers.operator.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.operator.agentcontainer.AgentContainerReconciler;
import dev.agentcontainers.operator.node.AgentNodeReconciler;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import io.javaoperatorsdk.operator.processing.retry.RetryExecution;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With the framework's own reading of what the controllers say of themselves. */
class RetriesTest {
    @ParameterizedTest
    @ValueSource(classes = {AgentNodeReconciler.class, AgentContainerReconciler.class})
    void whatFailsIsRepeatedForAsLongAsItFails(Class<?> reconciler) {
        GenericRetry retry = new GenericRetry();
        Optional.ofNullable(reconciler.getAnnotation(GradualRetry.class)).ifPresent(retry::initFrom);
        RetryExecution failing = retry.initExecution();

        List<Optional<Long>> delays =
                Stream.generate(failing::nextDelay).limit(200).toList();

        assertThat(delays)
                .allSatisfy(delay -> assertThat(delay)
                        .hasValueSatisfying(
                                millis -> assertThat(millis).isBetween(Retries.FIRST_MILLIS, Retries.LONGEST_MILLIS)));
        assertThat(delays.getLast()).contains(Retries.LONGEST_MILLIS);
    }
}
