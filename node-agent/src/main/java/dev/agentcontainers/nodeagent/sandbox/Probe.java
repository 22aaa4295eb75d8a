package dev.agentcontainers.nodeagent.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How an agent is asked whether it is well. Immutable.
 *
 * @param initialDelay from the start of a run to the first attempt
 * @param period from one attempt to the next, more than zero
 * @param timeout after which an attempt has failed, more than zero
 * @param successThreshold successes in a row that make it succeed, 1 or more
 * @param failureThreshold failures in a row that make it fail, 1 or more
 * @param gracePeriod between the request to stop and the kill, where this probe stops the agent; empty for the usual one
 */
public record Probe(
        Handler handler,
        Duration initialDelay,
        Duration period,
        Duration timeout,
        int successThreshold,
        int failureThreshold,
        Optional<Duration> gracePeriod) {

    /** What is asked. */
    public sealed interface Handler {
        /** A program and its arguments, run in the agent; exit code 0 is a success. */
        record Exec(List<String> command) implements Handler {
            public Exec {
                command = List.copyOf(command);
            }
        }

        /**
         * A GET to a port of the agent; a status of 200 to 399 is a success.
         *
         * @param path with its query, beginning with a slash
         * @param host that the request names; empty for the agent's address
         */
        record HttpGet(int port, String path, Optional<String> host, boolean tls, List<Header> headers)
                implements Handler {
            public HttpGet {
                headers = List.copyOf(headers);
            }
        }

        /** A connection to a port of the agent; one that comes about is a success. */
        record TcpSocket(int port) implements Handler {}
    }

    /** A header of a request. */
    public record Header(String name, String value) {}
}
