package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.process.FileTrees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetPlacesTest {
    @TempDir
    private Path folder;

    private FleetPlaces places() {
        return new FleetPlaces(folder.resolve("fleets"));
    }

    @Test
    void everyFleetHasItsPlaceAndKeepsIt() {
        FleetPlace first = places().claim(folder.resolve("one"));
        FleetPlace second = places().claim(folder.resolve("two"));
        assertThat(second).isNotEqualTo(first);
        assertThat(places().claim(folder.resolve("one"))).isEqualTo(first);
        assertThat(places().find(folder.resolve("two"))).contains(second);
    }

    @Test
    void thePlaceOfAFleetWhoseFolderIsGoneIsFree() {
        FleetPlace first = places().claim(folder.resolve("one"));
        FileTrees.delete(folder.resolve("one"));
        assertThat(places().claim(folder.resolve("two"))).isEqualTo(first);
    }

    @Test
    void oneFleetTooManyIsToldWhichThereAre() {
        IntStream.range(0, FleetPlace.COUNT).forEach(number -> places().claim(folder.resolve("fleet" + number)));
        assertThatThrownBy(() -> places().claim(folder.resolve("more")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("fleet0");
    }

    @Test
    void theRegisterGoesWithTheLastFleet() {
        places().claim(folder.resolve("one"));
        places().claim(folder.resolve("two"));
        places().release(folder.resolve("one"));
        assertThat(folder.resolve("fleets")).exists();
        places().release(folder.resolve("two"));
        assertThat(folder.resolve("fleets")).doesNotExist();
        assertThat(Files.exists(folder.resolve("fleets.lock"))).isFalse();
    }

    @Test
    void noTwoNodesShareNamesIdsOrAddresses() {
        var nodes = IntStream.range(0, FleetPlace.COUNT)
                .mapToObj(FleetPlace::new)
                .flatMap(place -> place.nodeNames(FleetPlace.MOST_NODES).stream()
                        .map(name -> name + " " + place.firstUserId(name)))
                .toList();
        assertThat(nodes).doesNotHaveDuplicates();
        assertThat(nodes.stream().map(node -> node.split(" ")[1])).doesNotHaveDuplicates();
        assertThat(IntStream.range(0, FleetPlace.COUNT)
                        .mapToObj(FleetPlace::new)
                        .map(FleetPlace::addressPool))
                .containsExactly("100.80.0.0/14", "100.84.0.0/14", "100.88.0.0/14");
    }
}
