package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import java.util.ArrayList;
import java.util.List;

/**
 * The domain names of a rule with a budget, by what passes to them; of one list alone, since a rule says the same of all.
 *
 * @param plain whatever passes
 * @param tls TLS alone
 * @param http some requests of HTTP
 * @param https the same inside TLS
 */
record BudgetedNames(List<AllowedName> plain, List<AllowedName> tls, List<AllowedHttp> http, List<AllowedHttp> https) {
    BudgetedNames() {
        this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
}
