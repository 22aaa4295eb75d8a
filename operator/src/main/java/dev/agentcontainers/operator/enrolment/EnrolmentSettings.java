package dev.agentcontainers.operator.enrolment;

import dev.agentcontainers.protocol.NodeGrant;
import java.time.Duration;
import java.util.Set;

/**
 * How nodes may join.
 *
 * @param apiServer how node agents reach the API server; inside a cluster not how the operator does
 * @param allowedServiceAccounts whose tokens may enrol, as {@code system:serviceaccount:<namespace>:<name>}
 * @param tokenValidity of the nodes' ServiceAccount tokens, 10 minutes or more
 * @param certificateValidity of the nodes' client certificates: how long a node may be off and come back by itself
 */
public record EnrolmentSettings(
        NodeGrant.ApiServer apiServer,
        Set<String> allowedServiceAccounts,
        Duration tokenValidity,
        Duration certificateValidity) {

    public EnrolmentSettings {
        allowedServiceAccounts = Set.copyOf(allowedServiceAccounts);
    }

    /** No ServiceAccounts, tokens for an hour, certificates for a week. */
    public static EnrolmentSettings of(NodeGrant.ApiServer apiServer) {
        return new EnrolmentSettings(apiServer, Set.of(), Duration.ofHours(1), Duration.ofDays(7));
    }

    public EnrolmentSettings withAllowedServiceAccounts(Set<String> userNames) {
        return new EnrolmentSettings(apiServer, userNames, tokenValidity, certificateValidity);
    }
}
