package dev.agentcontainers.nodeagent.audit;

import java.util.List;
import java.util.Optional;

/**
 * What rules of policies say of a flow towards an address that several names may lead to.
 *
 * @param source the rule for which it counts: of the name that the agent got the address by last, as far as that allows it
 * @param recorded false where it is known which rules allow it, and each of them has it counted only
 */
record Allowed(Optional<String> source, boolean recorded) {
    /** An agent chooses by which name it is told an address last, so that each of them says whether it is recorded. */
    static Allowed by(GroupRules group, String address, NameMemory.Names names, int protocol, int port) {
        List<Optional<String>> each = names.all().isEmpty()
                ? List.of(Optional.empty())
                : names.all().stream().map(Optional::of).toList();
        Optional<String> source = Optional.empty();
        for (Optional<String> name : each) {
            GroupRules.Allowing allowing = group.allowing(address, name, protocol, port);
            source = source.or(allowing::first);
            if (allowing.first().isPresent() && allowing.recorded()) {
                return new Allowed(source, true);
            }
        }
        return new Allowed(source, source.isEmpty() || !names.complete());
    }
}
