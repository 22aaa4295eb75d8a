package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.platform.NodeSettings;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlaceTest {
    private static final List<Place> ALL = Place.all(false);

    @Test
    void addressesAreTakenFromTheEndOfTheFleetsRange() {
        assertThat(ALL.getFirst().agentCidr()).isEqualTo("100.95.255.240/28");
        assertThat(ALL.get(15).agentCidr()).isEqualTo("100.95.255.0/28");
        assertThat(ALL.get(16).agentCidr()).isEqualTo("100.95.254.240/28");
        assertThat(ALL.getLast().agentCidr()).isEqualTo("100.95.252.0/28");
    }

    @Test
    void noTwoShareAnything() {
        assertThat(ALL).extracting(Place::agentCidr).doesNotHaveDuplicates();
        assertThat(ALL).extracting(place -> place.settings().name()).doesNotHaveDuplicates();
        assertThat(ALL).extracting(place -> place.settings().stateDirectory()).doesNotHaveDuplicates();
        assertThat(ALL).extracting(place -> place.settings().runDirectory()).doesNotHaveDuplicates();
        for (int i = 1; i < ALL.size(); i++) {
            NodeSettings before = ALL.get(i - 1).settings();
            assertThat(ALL.get(i).settings().firstUserId()).isEqualTo(before.firstUserId() + before.userIdCount());
        }
    }

    @Test
    void idsEndBeforeThoseOfSystemd() {
        NodeSettings last = ALL.getLast().settings();

        assertThat(last.firstUserId() + last.userIdCount()).isLessThan(0x7FFE0000L);
    }

    @Test
    void withoutRootAllHaveTheIdsThatAUserCanGiveAndFoldersOfTheirOwn() {
        List<Place> places = Place.all(true);

        assertThat(places)
                .extracting(place -> place.settings().stateDirectory())
                .doesNotHaveDuplicates();
        assertThat(places).extracting(place -> place.settings().name()).doesNotHaveDuplicates();
        assertThat(places).allSatisfy(place -> {
            assertThat(place.settings().firstUserId())
                    .isEqualTo(ALL.getFirst().settings().firstUserId());
            assertThat(place.settings().userIdCount()).isEqualTo(65_535);
            assertThat(place.settings().unaskedStorageBytes()).isEmpty();
            assertThat(place.agentCidr()).isEqualTo(ALL.getFirst().agentCidr());
        });
    }

    @Test
    void thereAreNoOthers() {
        assertThatThrownBy(() -> new Place(Place.COUNT, false)).hasMessageContaining("must be 0 to 63");
        assertThatThrownBy(() -> new Place(-1, false)).isInstanceOf(IllegalArgumentException.class);
    }
}
