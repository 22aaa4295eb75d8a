package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.drain.Drain;
import dev.agentcontainers.operator.drain.DrainOptions;
import dev.agentcontainers.operator.drain.Remains;
import dev.agentcontainers.operator.drain.RunningOperator;
import dev.agentcontainers.operator.drain.UnfinishedDrainException;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.Arrays;
import java.util.List;

/**
 * The program: without arguments the operator; {@code drain} empties the fleet for an uninstallation, without a thing of the
 * operator being started.
 */
@QuarkusMain
public final class Main {
    private static final int UNFINISHED = 1;
    private static final int WRONG_ARGUMENTS = 2;

    private Main() {}

    public static void main(String... arguments) {
        if (arguments.length == 0) {
            Quarkus.run(arguments);
            return;
        }
        System.exit(run(Arrays.asList(arguments)));
    }

    private static int run(List<String> arguments) {
        if (!arguments.getFirst().equals("drain")) {
            System.err.printf(
                    "The operator does not know '%s': it runs without arguments, or with drain%n",
                    arguments.getFirst());
            return WRONG_ARGUMENTS;
        }
        try {
            return drain(DrainOptions.parse(arguments.subList(1, arguments.size())));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            return WRONG_ARGUMENTS;
        }
    }

    private static int drain(DrainOptions options) {
        try (KubernetesClient client = new KubernetesClientBuilder().build()) {
            new Drain(
                            new Remains(client, options.namespace()),
                            new RunningOperator(client, options.namespace()),
                            System.out::println)
                    .run(options.timeout());
            return 0;
        } catch (UnfinishedDrainException e) {
            System.err.println(e.getMessage());
            return UNFINISHED;
        } catch (KubernetesClientException e) {
            System.err.println("The API server can't do what the drain asks of it: " + e.getMessage());
            return UNFINISHED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return UNFINISHED;
        }
    }
}
