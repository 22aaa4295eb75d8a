package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.kubernetes.FakeFence;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ClosedAddressesTest {
    private static final String CIDR = "100.95.255.240/28";

    private final FakeFence fence = new FakeFence();
    private final ClosedAddresses closed = new ClosedAddresses(List.of("192.0.2.1"));

    @Test
    void whatComesBeforeTheFenceIsOpenIsClosedAtOnce() throws Exception {
        closed.replace(List.of("192.0.2.1", "192.0.2.2"));

        closed.open(fence, CIDR, Place.FLEET_CIDR);

        assertThat(inForce()).containsExactly("192.0.2.1", "192.0.2.2");
    }

    @Test
    void whatComesLaterIsClosedToo() throws Exception {
        closed.open(fence, CIDR, Place.FLEET_CIDR);
        assertThat(inForce()).containsExactly("192.0.2.1");

        closed.replace(List.of("192.0.2.2"));

        assertThat(fence.settings())
                .isEqualTo(Optional.of(new FenceSettings(CIDR, Place.FLEET_CIDR, List.of("192.0.2.2"))));
    }

    @Test
    void aFenceThatIsGoneIsLeftAlone() throws Exception {
        closed.open(fence, CIDR, Place.FLEET_CIDR);
        closed.forget();
        fence.destroy();

        closed.replace(List.of("192.0.2.2"));

        assertThat(fence.settings()).isEmpty();
    }

    private List<String> inForce() {
        return fence.settings().orElseThrow().neverAllowed();
    }
}
