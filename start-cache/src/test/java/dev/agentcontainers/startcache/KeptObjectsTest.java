package dev.agentcontainers.startcache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeptObjectsTest {
    private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/rehearsal/leases";

    private final KeptObjects objects = new KeptObjects();

    @Test
    void whatWasNotWrittenIsNotFound() {
        assertThat(objects.answer("GET", LEASES + "/node", "").code()).isEqualTo(404);
    }

    @Test
    void aCollectionIsEmptyAtFirst() {
        assertThat(objects.answer("GET", LEASES, "").json()).contains("\"items\":[]");
    }

    @Test
    void whatIsCreatedIsFoundAloneAndInItsCollections() {
        objects.answer("POST", LEASES, "{\"kind\":\"Lease\",\"metadata\":{\"name\":\"node\"}}");

        assertThat(objects.answer("GET", LEASES + "/node", "").json())
                .contains("\"kind\":\"Lease\"", "\"uid\":", "\"resourceVersion\":\"2\"", "\"name\":\"node\"");
        assertThat(objects.answer("GET", LEASES, "").json()).contains("\"kind\":\"Lease\"");
        assertThat(objects.answer("GET", "/apis/coordination.k8s.io/v1/leases", "")
                        .json())
                .contains("\"kind\":\"Lease\"");
    }

    @Test
    void aReplacedObjectHasOneNewVersion() {
        objects.answer("POST", LEASES, "{\"kind\":\"Lease\",\"metadata\":{\"name\":\"node\"}}");
        String replaced = objects.answer(
                        "PUT", LEASES + "/node", "{\"metadata\":{\"name\":\"node\",\"resourceVersion\":\"2\"}}")
                .json();

        assertThat(replaced).contains("\"resourceVersion\":\"3\"").doesNotContain("\"resourceVersion\":\"2\"");
    }

    @Test
    void theStatusOfTheNodeIsTheNode() {
        String path = "/apis/agentcontainers.dev/v1alpha1/agentnodes/rehearsal";

        assertThat(objects.answer("PATCH", path + "/status", "{\"status\":{}}").json())
                .contains("\"kind\":\"AgentNode\"", "\"agentCIDR\"");
    }
}
