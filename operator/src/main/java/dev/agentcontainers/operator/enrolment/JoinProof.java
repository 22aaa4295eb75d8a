package dev.agentcontainers.operator.enrolment;

import dev.agentcontainers.protocol.BootstrapToken;
import java.util.Optional;

/** Why a machine may join. */
sealed interface JoinProof {
    /** Who vouches for it, for the log. */
    String voucher();

    /** It holds a bootstrap token. */
    record Bootstrap(BootstrapToken token) implements JoinProof {
        @Override
        public String voucher() {
            return "bootstrap token " + token.id();
        }
    }

    /**
     * It holds the token of an allowed ServiceAccount.
     *
     * @param nodeName the machine that the API server bound the token to, where it did
     */
    record ServiceAccount(String name, Optional<String> nodeName) implements JoinProof {
        @Override
        public String voucher() {
            return name;
        }
    }

    /** True where the API server itself says which machine this is. */
    default boolean namesMachine() {
        return switch (this) {
            case Bootstrap ignored -> false;
            case ServiceAccount account -> account.nodeName().isPresent();
        };
    }
}
