package dev.agentcontainers.operator.chart;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Service;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A container's environment as the kubelet would make it: services, then the container's own, each expanded by those before. */
final class PodEnvironment {
    private static final Pattern REFERENCE = Pattern.compile("\\$\\(([A-Za-z_][A-Za-z0-9_]*)\\)");

    private final Map<String, String> fields;
    private final Map<String, String> variables = new LinkedHashMap<>();

    /** @param fields values of field paths, for example {@code status.podIP} */
    private PodEnvironment(Map<String, String> fields) {
        this.fields = fields;
    }

    static Map<String, String> of(Container container, List<Service> services, Map<String, String> fields) {
        PodEnvironment environment = new PodEnvironment(fields);
        services.forEach(environment::add);
        container.getEnv().forEach(environment::add);
        return environment.variables;
    }

    private void add(Service service) {
        String address = service.getSpec().getClusterIP();
        if (address != null && !address.equals("None")) {
            String prefix = service.getMetadata()
                    .getName()
                    .toUpperCase(java.util.Locale.ROOT)
                    .replace('-', '_');
            variables.put(prefix + "_SERVICE_HOST", address);
        }
    }

    private void add(EnvVar variable) {
        variables.put(
                variable.getName(), variable.getValueFrom() == null ? expand(variable.getValue()) : field(variable));
    }

    private String field(EnvVar variable) {
        String path = variable.getValueFrom().getFieldRef().getFieldPath();
        String value = fields.get(path);
        if (value == null) {
            throw new AssertionError(
                    "%s is from field %s, which this test knows nothing of".formatted(variable.getName(), path));
        }
        return value;
    }

    private String expand(String value) {
        return value == null ? "" : REFERENCE.matcher(value).replaceAll(this::known);
    }

    private String known(MatchResult reference) {
        return Matcher.quoteReplacement(variables.getOrDefault(reference.group(1), reference.group()));
    }
}
