package dev.agentcontainers.cli.rootless;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import org.junit.jupiter.api.Test;

class MachineAddressesTest {
    @Test
    void theyAreAllThatTheMachineTakesForItsOwn() {
        List<String> trie = """
                Main:
                  +-- 0.0.0.0/0 3 0 6
                     |-- 0.0.0.0
                        /0 universe UNICAST
                     |-- 10.1.0.0
                        /16 link UNICAST
                Local:
                  +-- 0.0.0.0/0 3 0 6
                     +-- 10.1.0.0/16 2 0 2
                        |-- 10.1.0.0
                           /32 link BROADCAST
                           /16 host LOCAL
                        |-- 10.1.2.3
                           /32 host LOCAL
                     |-- 127.0.0.0
                        /32 link BROADCAST
                        /8 host LOCAL
                """.lines().toList();

        assertThat(MachineAddresses.local(trie)).containsExactly("10.1.0.0/16", "10.1.2.3/32", "127.0.0.0/8");
    }

    @Test
    void theLoopbackIsAmongThoseOfThisMachine() throws Exception {
        List<SortedSet<String>> told = new ArrayList<>();
        try (MachineAddresses addresses = new MachineAddresses(told::add)) {
            addresses.tell();
        }

        assertThat(told).singleElement().satisfies(all -> assertThat(all).contains("127.0.0.1/32"));
    }
}
