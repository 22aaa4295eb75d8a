package dev.agentcontainers.cli.fleet;

import java.util.regex.Pattern;

/**
 * A kind of request to the API server.
 *
 * @param title for the names of tests
 * @param method alternatives, separated by bars
 * @param path what the request's path must match as a whole, without the query
 * @param body what must occur in the body
 */
record ApiWrite(String title, Pattern method, Pattern path, Pattern body) {
    private static final String API = "/apis/agentcontainers\\.dev/v1alpha1/namespaces/[^/]+/";

    static ApiWrite of(String title, String method, String path, String body) {
        return new ApiWrite(title, Pattern.compile(method), Pattern.compile(path), Pattern.compile(body));
    }

    /** The operator's status of an AgentContainer in a phase. */
    static ApiWrite statusOf(String agent, String phase) {
        return of("status " + phase, "PUT|PATCH", API + "agentcontainers/" + agent + "/status", phase(phase));
    }

    /** The binding is a status too: the first one that names a node. */
    static ApiWrite bindingOf(String agent) {
        return of("binding", "PUT|PATCH", API + "agentcontainers/" + agent + "/status", "\"nodeName\":\"");
    }

    static ApiWrite policy() {
        return of("AgentNodePolicy", "POST|PUT|PATCH", API + "agentnodepolicies(/[^/]+)?", "");
    }

    static ApiWrite assignment() {
        return of("creation of the AgentAssignment", "POST", API + "agentassignments", "");
    }

    static ApiWrite copiedSecret() {
        return of("copy of the Secret", "POST|PUT|PATCH", "/api/v1/namespaces/[^/]+/secrets(/[^/]+)?", "");
    }

    static ApiWrite assignmentDeletion() {
        return of("deletion of the AgentAssignment", "DELETE", API + "agentassignments/[^/]+", "");
    }

    static ApiWrite assignmentRelease() {
        return of("release of the AgentAssignment", "PUT|PATCH", API + "agentassignments/[^/]+", "finalizers");
    }

    static ApiWrite agentRelease(String agent) {
        return of("release of the AgentContainer", "PUT|PATCH", API + "agentcontainers/" + agent, "finalizers");
    }

    /** The node agent's status of an assignment in a phase. */
    static ApiWrite assignmentStatus(String phase) {
        return of("AgentAssignment's status " + phase, "PATCH", API + "agentassignments/[^/]+/status", phase(phase));
    }

    static ApiWrite lease() {
        return of("the node's Lease", "POST|PUT|PATCH", "/apis/coordination\\.k8s\\.io/v1/.*leases(/[^/]+)?", "");
    }

    boolean matches(String requestMethod, String requestPath, String requestBody) {
        return method.matcher(requestMethod).matches()
                && path.matcher(requestPath).matches()
                && body.matcher(requestBody).find();
    }

    private static String phase(String name) {
        return "\"phase\":\"" + name + "\"";
    }

    @Override
    public String toString() {
        return title;
    }
}
