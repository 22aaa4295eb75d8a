package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Division;
import dev.agentcontainers.nodeagent.linux.storage.StorageLimit;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.DiskDirectory;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.MemoryDirectory;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StorageDivisionTest {
    private static final long MIB = 1 << 20;
    private static final OptionalLong UNASKED = OptionalLong.of(1024 * MIB);
    private static final ResolvedMount SHARED = new DiskDirectory("/shared", OptionalLong.empty());
    private static final ResolvedMount WORKSPACE = new Workspace("/workspace", true);

    private static ResolvedMount part(long mib) {
        return new DiskDirectory("/part", OptionalLong.of(mib * MIB));
    }

    private static Division of(SandboxRoot root, OptionalLong asked, ResolvedMount... mounts) throws SandboxException {
        ResourceAmounts limits =
                new ResourceAmounts(OptionalLong.empty(), OptionalLong.empty(), asked, OptionalLong.empty());
        return StorageDivision.of(
                new SandboxSpec(
                        new SandboxId("a"),
                        root,
                        "a",
                        Map.of(),
                        List.of("true"),
                        "/",
                        Map.of(),
                        limits,
                        limits,
                        List.of(mounts)),
                UNASKED);
    }

    private static Division asking(long mib, ResolvedMount... mounts) throws SandboxException {
        return of(SandboxRoot.HOST, OptionalLong.of(mib * MIB), mounts);
    }

    private static Division asking(ResolvedMount... mounts) throws SandboxException {
        return of(SandboxRoot.HOST, OptionalLong.empty(), mounts);
    }

    private static Optional<StorageLimit> reserved(long mib) {
        return Optional.of(new StorageLimit(mib * MIB, true));
    }

    @Test
    void whatIsNotTakenByPartsIsShared() throws SandboxException {
        assertThat(asking(64, WORKSPACE, SHARED)).isEqualTo(new Division(reserved(64), Map.of()));
        assertThat(asking(64, WORKSPACE, part(20)))
                .isEqualTo(new Division(reserved(44), Map.of("/part", new StorageLimit(20 * MIB, true))));
        assertThat(asking(20, part(20)).shared()).isEmpty();
        assertThat(asking(21, part(20)).shared()).isEmpty();
    }

    @Test
    void nothingIsKeptForWhatNobodyWrites() throws SandboxException {
        assertThat(asking(1024, part(20)).shared()).isEmpty();
        assertThat(asking(1024, new Workspace("/workspace", false)).shared()).isEmpty();
    }

    @Test
    void thereAreFewParts() throws SandboxException {
        assertThat(asking(1024, parts(StorageDivision.MOST_PARTS)).parts()).hasSize(StorageDivision.MOST_PARTS);
        assertThatThrownBy(() -> asking(1024, parts(StorageDivision.MOST_PARTS + 1)))
                .hasMessage(
                        "spec.filesystem.mounts: emptyDir.sizeLimit of '/part8' is one too many: at most 8 emptyDirs on the"
                                + " disk can have one; leave it out, so that they share what is left");
    }

    private static ResolvedMount[] parts(int count) {
        return IntStream.range(0, count)
                .mapToObj(number -> new DiskDirectory("/part" + number, OptionalLong.of(16 * MIB)))
                .toArray(ResolvedMount[]::new);
    }

    @Test
    void whoWritesToTheDiskWithoutALimitHasTheNodes() throws SandboxException {
        Optional<StorageLimit> cap = Optional.of(new StorageLimit(1024 * MIB, false));
        assertThat(asking(SHARED).shared()).isEqualTo(cap);
        assertThat(asking(WORKSPACE).shared()).isEqualTo(cap);
        assertThat(of(new SandboxRoot.Image(List.of(), ""), OptionalLong.empty())
                        .shared())
                .isEqualTo(cap);
        assertThat(asking(new MemoryDirectory("/m", 1), new Workspace("/w", false))
                        .shared())
                .isEmpty();
    }

    @Test
    void whatCantBeEnforcedIsRefusedByItsField() {
        assertThatThrownBy(() -> asking(part(20)))
                .hasMessage(
                        "spec.filesystem.mounts: emptyDir.sizeLimit of '/part' is a part of spec.resources.limits.ephemeral-storage,"
                                + " which is not set: set it, or leave sizeLimit out");
        assertThatThrownBy(() -> asking(64, part(15)))
                .hasMessageContaining(
                        "emptyDir.sizeLimit of '/part' is 15728640 bytes; the least that can be enforced");
        assertThatThrownBy(() -> asking(15))
                .hasMessageContaining("spec.resources.limits.ephemeral-storage is 15728640");
        assertThatThrownBy(() -> asking(19, part(20))).hasMessageContaining("it must be that much at least");
        assertThatThrownBy(() -> asking(30, part(20), WORKSPACE))
                .hasMessageContaining("what is left for everything else that the agent writes must be 16777216 (16Mi)");
        assertThatThrownBy(() -> of(new SandboxRoot.Image(List.of(), ""), OptionalLong.of(30 * MIB), part(20)))
                .hasMessageContaining("what is left for everything else");
        assertThatThrownBy(() -> asking(
                        64,
                        new DiskDirectory("/a", OptionalLong.of(Long.MAX_VALUE)),
                        new DiskDirectory("/b", OptionalLong.of(Long.MAX_VALUE))))
                .isInstanceOf(SandboxException.class);
    }
}
