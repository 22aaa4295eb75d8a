package dev.agentcontainers.cli.prerequisite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.prerequisite.Prerequisites.Prerequisite;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.cli.terminal.UserException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PrerequisitesTest {
    private final FakePackages packages = new FakePackages();
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private final Prerequisite shim = new Prerequisite("conmon", "conmon", "", () -> packages.there.contains("conmon"));
    private final Prerequisite go = Prerequisite.goUnless(() -> packages.there.contains("golang-go"));

    /** Packages that are there once they were installed, unless they bring nothing. */
    private static final class FakePackages implements Packages {
        private final Set<String> there = new HashSet<>();
        private final List<List<String>> installed = new ArrayList<>();
        private boolean mayInstall = true;
        private boolean bringsSomething = true;

        @Override
        public boolean canInstall() {
            return mayInstall;
        }

        @Override
        public void install(List<String> names) {
            installed.add(names);
            if (bringsSomething) {
                there.addAll(names);
            }
        }
    }

    private void ensure() {
        Prerequisites.ensure(List.of(shim, go), packages, new Progress(new PrintStream(said)));
    }

    @Test
    void installsWhatIsMissingAtOnceAndSaysSo() {
        ensure();
        assertThat(packages.installed).containsExactly(List.of("conmon", "golang-go"));
        assertThat(said.toString()).contains("installing conmon, golang-go");
    }

    @Test
    void installsNothingThatIsThere() {
        packages.there.addAll(List.of("conmon", "golang-go"));
        ensure();
        assertThat(packages.installed).isEmpty();
        assertThat(said.toString()).isEmpty();
    }

    @Test
    void installsOnlyWhatIsMissing() {
        packages.there.add("conmon");
        ensure();
        assertThat(packages.installed).containsExactly(List.of("golang-go"));
    }

    @Test
    void namesPackageAndCommandWhereItCanNotInstall() {
        packages.mayInstall = false;
        assertThatThrownBy(this::ensure)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("missing on this machine: conmon, Go 1.21 or newer")
                .hasMessageContaining("sudo apt-get install conmon golang-go")
                .hasMessageContaining("https://go.dev/dl/");
        assertThat(packages.installed).isEmpty();
    }

    /** As where a system's package of Go is older than what builds the control plane. */
    @Test
    void saysWhereElseToGetItWhereThePackageDoesNotDo() {
        packages.there.add("conmon");
        packages.bringsSomething = false;
        assertThatThrownBy(this::ensure)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("after the installation of golang-go, missing on this machine: Go 1.21 or newer")
                .hasMessageContaining("https://go.dev/dl/ too; unpacked to /usr/local/go it is found")
                .hasMessageNotContaining("conmon");
    }
}
