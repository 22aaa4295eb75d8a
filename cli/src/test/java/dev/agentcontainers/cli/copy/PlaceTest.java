package dev.agentcontainers.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlaceTest {
    @ParameterizedTest
    @CsvSource({
        "researcher:/workspace,        , researcher, /workspace",
        "researcher:out.txt,           , researcher, out.txt",
        "team-a/researcher:/a:b,       team-a, researcher, /a:b",
        "a.b-c:.,                      , a.b-c, .",
        "c:/x,                         , c, /x",
        "0:x,                          , 0, x"
    })
    void agentsAreNamedBeforeTheFirstColon(String text, String namespace, String name, String path) {
        assertThat(Place.parse(text, '/'))
                .isEqualTo(new Place.Agent(Optional.ofNullable(namespace), name, GivenPath.ofAgent(path)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "/a:b", "/:", "./a:b", "../a:b", ".:", "a/b", "-x", "~", " ", "a b"})
    void otherNamesAreOfThisMachine(String text) {
        assertThat(Place.parse(text, '/')).isEqualTo(new Place.Machine(GivenPath.ofMachine(text, '/')));
    }

    @ParameterizedTest
    @ValueSource(strings = {"C:\\data", "c:\\data", "C:/data", "c:x", "\\\\server\\share:x", ".\\a:b"})
    void drivesAreOfThisMachineWhereThereAreDrives(String text) {
        assertThat(Place.parse(text, '\\')).isInstanceOf(Place.Machine.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"C:\\data", "Agent:/x", "a/b/c:x", ":x", "a_b:x", "-a:x", "a b:x"})
    void aColonBehindWhatIsNoAgentIsAskedAbout(String text) {
        assertThatThrownBy(() -> Place.parse(text, '/'))
                .isInstanceOfSatisfying(
                        UserException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageContaining("names no agent")
                .hasMessageContaining("./ before a path of this machine");
    }

    @Test
    void whatIsNoPathIsSaid() {
        assertThatThrownBy(() -> Place.parse("researcher:", '/')).hasMessageContaining("has no path after the colon");
        assertThatThrownBy(() -> Place.parse("", '/')).hasMessageContaining("a path is empty");
        assertThatThrownBy(() -> Place.parse("a:" + "x".repeat(5000), '/'))
                .hasMessageContaining("has 5000 bytes, of which there may be 4095");
        assertThatThrownBy(() -> Place.parse("a:" + "ü".repeat(2048), '/'))
                .hasMessageContaining("has 4096 bytes, of which there may be 4095");
        assertThat(Place.parse("a:x" + "ü".repeat(2047), '/')).isInstanceOf(Place.Agent.class);
        assertThat(Place.parse("-", '/')).isEqualTo(new Place.Stream());
    }

    @ParameterizedTest
    @CsvSource({
        "a,        .,     a,    false",
        "a/,       .,     a,    true",
        "a/b,      a/,    b,    false",
        "/b//,     /,     b,    true",
        "-a,       .,     -a,   false",
        "-a/-b,    ./-a/, -b,   false",
        "..a,      .,     ..a,  false",
        "/,        /,     '',   true",
        ".,        .,     '',   true",
        "a/.,      a/.,   '',   true",
        "a/./,     a/./,  '',   true",
        "-a/..,    ./-a/.., '', true"
    })
    void onlyTheEndOfAPathIsLookedAt(String text, String parent, String name, boolean folder) {
        assertThat(GivenPath.ofAgent(text)).isEqualTo(new GivenPath(text, parent, name, folder));
    }

    @Test
    void pathsOfWindowsHaveTwoSeparators() {
        assertThat(GivenPath.ofMachine("C:\\a/b\\", '\\')).isEqualTo(new GivenPath("C:\\a/b\\", "C:\\a/", "b", true));
        assertThat(GivenPath.ofMachine("C:\\", '\\').isContent()).isTrue();
        assertThat(GivenPath.ofAgent("a\\b").name()).isEqualTo("a\\b");
    }
}
