package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.egressproxy.upstream.UpstreamAddress;
import dev.agentcontainers.protocol.names.NameLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NameSettingsTest {
    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("resolv.conf"), text);
    }

    @Test
    void takesTheMachinesResolvers() throws IOException {
        assertThat(NameSettings.machines(file("""
                        # by hand
                        search example.org
                        nameserver 192.0.2.53
                          nameserver\t2001:db8::53
                        nameserver fe80::1%eth0
                        ; nameserver 192.0.2.99
                        nameserver 127.0.0.53
                        nameserver 192.0.2.54
                        options edns0
                        """))).containsExactly("192.0.2.53", "2001:db8::53", "127.0.0.53");
    }

    @Test
    void withoutAnyTheMachineIsItself() throws IOException {
        assertThat(NameSettings.machines(file("search example.org\n"))).containsExactly("127.0.0.1");
        assertThat(NameSettings.machines(folder.resolve("missing"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.53,            192.0.2.53,       53",
        "192.0.2.53:5353,       192.0.2.53,       5353",
        "2001:db8::53,          2001:db8:0:0:0:0:0:53, 53",
        "[2001:db8::53],        2001:db8:0:0:0:0:0:53, 53",
        "[2001:db8::53]:5353,   2001:db8:0:0:0:0:0:53, 5353"
    })
    void readsAnUpstream(String text, String address, int port) {
        assertThat(UpstreamAddress.parse(text)).satisfies(parsed -> {
            assertThat(parsed.getAddress().getHostAddress()).isEqualTo(address);
            assertThat(parsed.getPort()).isEqualTo(port);
        });
        assertThat(new NameSettings(Optional.of(text), NameLimits.DEFAULT).upstreams())
                .containsExactly(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "dns.example.org",
                "192.0.2",
                "192.0.2.53:",
                "192.0.2.53:0",
                "192.0.2.53:65536",
                "192.0.2.53:53:53",
                "192.0.2.0/24",
                "[2001:db8::53",
                "2001:db8::53]:53",
                "192.0.2.53:5a"
            })
    void refusesWhatIsNoAddress(String text) {
        assertThatThrownBy(() -> new NameSettings(Optional.of(text), NameLimits.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must be the address of a resolver");
    }
}
