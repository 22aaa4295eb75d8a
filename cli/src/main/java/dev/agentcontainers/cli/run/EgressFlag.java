package dev.agentcontainers.cli.run;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.cli.terminal.UserException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code --allow} stands for: an address or range, with ports or all of them.
 *
 * @param cidr with its prefix length
 */
record EgressFlag(String cidr, Optional<Ports> ports) {
    private static final Pattern FORM = Pattern.compile(
            "(?<address>[0-9.]+|\\[[0-9a-fA-F:.]+\\]|[0-9a-fA-F.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)(/(?<prefix>[0-9]+))?"
                    + "(:(?<port>[0-9]{1,5})(-(?<end>[0-9]{1,5}))?(/(?<protocol>TCP|UDP|SCTP|tcp|udp|sctp))?)?");

    /** @param end the last of a range */
    record Ports(int port, Optional<Integer> end, String protocol) {}

    static EgressFlag parse(String text) {
        // The brackets may stand around the whole range as well: [2001:db8::/32]:443.
        Matcher matcher = FORM.matcher(text.replaceFirst("^\\[([0-9a-fA-F:.]+)/([0-9]+)]", "[$1]/$2"));
        if (!matcher.matches()) {
            throw new UserException(
                    "--allow '%s' must be an address or range with ports, such as 10.20.0.0/16:8080, 198.51.100.10:8000-8100, 10.0.0.53:53/UDP or [2001:db8::/32]:443; without ports it allows all; names of hosts are not supported"
                            .formatted(text),
                    2);
        }
        String address = matcher.group("address").replaceAll("[\\[\\]]", "");
        String prefix = matcher.group("prefix");
        String cidr = address + "/" + (prefix != null ? prefix : address.contains(":") ? "128" : "32");
        String port = matcher.group("port");
        if (port == null) {
            return new EgressFlag(cidr, Optional.empty());
        }
        String protocol = matcher.group("protocol");
        return new EgressFlag(
                cidr,
                Optional.of(new Ports(
                        Integer.parseInt(port),
                        Optional.ofNullable(matcher.group("end")).map(Integer::valueOf),
                        protocol == null ? "TCP" : protocol.toUpperCase(java.util.Locale.ROOT))));
    }

    ObjectNode rule(String name) {
        ObjectNode rule = JsonNodeFactory.instance.objectNode().put("name", name);
        rule.putArray("to").addObject().putObject("ipBlock").put("cidr", cidr);
        ports.ifPresent(given -> {
            ObjectNode port = rule.putArray("ports").addObject();
            port.put("protocol", given.protocol()).put("port", given.port());
            given.end().ifPresent(end -> port.put("endPort", end));
        });
        return rule;
    }
}
