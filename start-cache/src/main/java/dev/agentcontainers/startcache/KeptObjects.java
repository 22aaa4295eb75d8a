package dev.agentcontainers.startcache;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What was written, by path; as text, because the rehearsal has no library for JSON and needs none. Thread-safe.
 */
final class KeptObjects {
    private static final Pattern METADATA = Pattern.compile("\"metadata\"\\s*:\\s*\\{");
    private static final Pattern VERSION = Pattern.compile("\"resourceVersion\"\\s*:\\s*\"[^\"]*\"\\s*,?");
    private static final Pattern NAME = Pattern.compile("\"name\"\\s*:\\s*\"([^\"]+)\"");
    private static final Pattern COLLECTION = Pattern.compile("/(api/v1|apis/[^/]+/[^/]+)(/namespaces/[^/]+)?/[^/]+");

    /** A node as enrolment leaves it. The address range is its own: nobody else is in the rehearsal's network. */
    private static final String NODE = """
            {"apiVersion":"agentcontainers.dev/v1alpha1","kind":"AgentNode","metadata":{"name":"%1$s","uid":"%1$s",\
            "resourceVersion":"1","generation":1,"creationTimestamp":"2026-01-01T00:00:00Z"},\
            "spec":{"agentCIDR":"100.80.0.0/22"},"status":{"namespace":"%1$s"}}""".formatted(ApiServerStandIn.NODE);

    /** Begins the answer to the question what the asker may do. */
    private static final String ALL_ALLOWED = """
            {"status":{"incomplete":false,"nonResourceRules":[],"resourceRules":[\
            {"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]},""";

    private final Map<String, String> objects = new TreeMap<>();
    private long version = 1;

    /** An answer's status code and body. */
    record Answer(int code, String json) {}

    KeptObjects() {
        objects.put("/apis/agentcontainers.dev/v1alpha1/agentnodes/" + ApiServerStandIn.NODE, NODE);
    }

    synchronized Answer answer(String method, String path, String body) {
        return switch (method) {
            case "GET" -> get(path);
            case "POST" ->
                path.endsWith("/selfsubjectrulesreviews")
                        ? new Answer(201, body.replaceFirst("\\{", Matcher.quoteReplacement(ALL_ALLOWED)))
                        : put(path + "/" + name(body), body, 201);
            case "PUT" -> put(path, body, 200);
            case "PATCH" -> patch(path, body);
            case "DELETE" -> {
                objects.remove(path);
                yield new Answer(200, status(200, "Success"));
            }
            default -> new Answer(405, status(405, "MethodNotAllowed"));
        };
    }

    private Answer get(String path) {
        String object = objects.get(path);
        if (object != null) {
            return new Answer(200, object);
        }
        return isCollection(path) ? new Answer(200, list(path)) : new Answer(404, status(404, "NotFound"));
    }

    private static boolean isCollection(String path) {
        Matcher matcher = COLLECTION.matcher(path);
        return matcher.matches();
    }

    private String list(String path) {
        String resource = path.substring(path.lastIndexOf('/'));
        String group = path.substring(0, path.length() - resource.length());
        String items = objects.entrySet().stream()
                .filter(each -> each.getKey().startsWith(group) && each.getKey().contains(resource + "/"))
                .map(Map.Entry::getValue)
                .collect(Collectors.joining(","));
        return "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"%d\"},\"items\":[%s]}"
                .formatted(version, items);
    }

    /** What is there stays as it is; what is applied and isn't there is made. */
    private Answer patch(String path, String body) {
        String present = objects.get(parent(path));
        return present == null ? put(path, body, 201) : put(parent(path), present, 200);
    }

    /** A subresource's object is its parent's. */
    private static String parent(String path) {
        return path.endsWith("/status") ? path.substring(0, path.length() - "/status".length()) : path;
    }

    private Answer put(String path, String body, int code) {
        version++;
        String inserted =
                "\"metadata\":{\"uid\":\"%s\",\"resourceVersion\":\"%d\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\","
                        .formatted(ApiServerStandIn.NODE, version);
        String kept =
                METADATA.matcher(VERSION.matcher(body).replaceAll("")).replaceFirst(Matcher.quoteReplacement(inserted));
        String object = kept.replaceFirst(",\\s*}", "}");
        objects.put(parent(path), object);
        return new Answer(code, object);
    }

    private static String name(String body) {
        Matcher matcher = NAME.matcher(body);
        return matcher.find() ? matcher.group(1) : "unnamed";
    }

    private static String status(int code, String reason) {
        return "{\"apiVersion\":\"v1\",\"kind\":\"Status\",\"metadata\":{},\"status\":\"%s\",\"reason\":\"%s\",\"code\":%d}"
                .formatted(code < 400 ? "Success" : "Failure", reason, code);
    }
}
