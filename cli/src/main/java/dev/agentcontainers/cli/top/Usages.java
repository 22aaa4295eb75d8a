package dev.agentcontainers.cli.top;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.cli.streams.AgentAddress;
import dev.agentcontainers.cli.terminal.Printable;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.protocol.AgentUsage;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.client.GatewayHttp;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Asks the gateway what agents use, some at a time. */
final class Usages {
    /** Fewer than the streams that the gateway allows a user, so that others of the user's find room. */
    private static final int AT_ONCE = 4;

    /** An answer is one line of some hundred bytes. */
    private static final int LONGEST = 16 << 10;

    private final GatewayHttp gateway;

    Usages(GatewayHttp gateway) {
        this.gateway = gateway;
    }

    /** @param failures for each of the others, why it is not told; in the same order */
    record Told(List<UsedAgent> agents, List<String> failures) {
        Told {
            agents = List.copyOf(agents);
            failures = List.copyOf(failures);
        }
    }

    /** @throws UserException where the gateway does not know the user */
    Told of(List<AgentContainer> agents) throws InterruptedException {
        List<UsedAgent> told = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(
                AT_ONCE, Thread.ofVirtual().name("top-", 0).factory());
        try {
            List<Future<AgentUsage>> answers = agents.stream()
                    .map(agent -> threads.submit(() -> ask(agent)))
                    .toList();
            for (int i = 0; i < answers.size(); i++) {
                try {
                    told.add(UsedAgent.of(agents.get(i), answers.get(i).get()));
                } catch (ExecutionException e) {
                    failures.add(reason(agents.get(i), Objects.requireNonNullElse(e.getCause(), e)));
                }
            }
        } finally {
            threads.shutdownNow();
        }
        return new Told(told, failures);
    }

    private AgentUsage ask(AgentContainer agent) throws IOException, InterruptedException {
        AgentAddress address = new AgentAddress(
                agent.getMetadata().getNamespace(), agent.getMetadata().getName());
        try (InputStream answer = gateway.get(address.path("usage", List.of()))) {
            return parse(new String(answer.readNBytes(LONGEST), StandardCharsets.UTF_8));
        }
    }

    /** A node may be in foreign hands: of texts only a time is taken from it. */
    static AgentUsage parse(String answer) throws ProtocolException {
        try {
            AgentUsage usage = Json.parse(answer, AgentUsage.class);
            Instant.parse(usage.time());
            return usage;
        } catch (JsonProcessingException e) {
            throw new ProtocolException("its node's answer can't be read: " + e.getOriginalMessage());
        } catch (DateTimeException | NullPointerException e) {
            throw new ProtocolException("its node's answer has no time: " + e.getMessage());
        }
    }

    private static String reason(AgentContainer agent, Throwable cause) {
        switch (cause) {
            case RefusedException refused
            when refused.code() == HttpURLConnection.HTTP_UNAUTHORIZED ->
                throw new UserException(Printable.text(String.valueOf(refused.getMessage())));
            case RefusedException refused -> {
                return named(agent, String.valueOf(refused.getMessage()));
            }
            case ProtocolException unreadable -> {
                return named(agent, String.valueOf(unreadable.getMessage()));
            }
            case IOException broken -> {
                return named(agent, "the gateway could not be reached: " + broken.getMessage());
            }
            case RuntimeException bug -> throw bug;
            default -> throw new IllegalStateException(cause);
        }
    }

    private static String named(AgentContainer agent, String why) {
        return Printable.text(
                agent.getMetadata().getNamespace() + "/" + agent.getMetadata().getName() + ": " + why);
    }
}
