package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.storage.LoopDevices;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The real driver on the real kernel, of which one system call or one program fails: the agent does not run, the message
 * says what failed, and after the removal nothing of the run is left.
 */
@Tag("node")
class FailedStartIT {
    private static final int EIO = 5;
    private static final int EAGAIN = 11;
    private static final ResourceAmounts LIMITED = TestNode.storage(16L << 20);

    private TestNode node;
    private SandboxSpec spec;
    private Machine prepared;

    @BeforeEach
    void prepare() throws Exception {
        node = TestNode.start();
        spec = TestNode.shell("echo ran", LIMITED, new SandboxSpec.ResolvedMount.Workspace("/workspace", true));
        node.driver().prepare(spec);
        // Templates of workspaces are formatted meanwhile.
        prepared = await().until(() -> Machine.now(node), machine -> machine.processes() == 0);
    }

    @AfterEach
    void close() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    private void assertNothingRanAndNothingIsLeft() throws Exception {
        assertThat(node.driver().state(spec.id())).isEqualTo(new SandboxState.Absent());
        assertThat(node.output(spec.id())).isEmpty();
        // The kernel frees a loop device a moment after the last mount of it is gone.
        await().untilAsserted(() -> assertThat(Machine.now(node)).isEqualTo(prepared));
    }

    private static SandboxException failureOf(ThrowingCallable call) {
        return catchThrowableOfType(SandboxException.class, call);
    }

    @Test
    void parametersOfTheIsolationClassAreRefusedRatherThanPassedOver() {
        SandboxSpec asking = new SandboxSpec(
                TestNode.newId(),
                spec.hostname(),
                Map.of("seccomp", "off", "landlock", "on"),
                spec.command(),
                spec.workingDirectory(),
                spec.environment(),
                spec.limits(),
                spec.mounts());

        SandboxException refusal = failureOf(() -> node.driver().prepare(asking));

        assertThat(refusal.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(refusal).hasMessageContaining("spec.parameters landlock, seccomp; the driver process has none");
    }

    private void assertCreationFails(OciDriver failing, String message) throws Exception {
        SandboxException failure = failureOf(() -> failing.create(spec));
        assertThat(failure).isNotNull();
        assertThat(failure.step()).isEqualTo(Step.CREATE);
        assertThat(failure).hasMessageContaining(message);
        assertNothingRanAndNothingIsLeft();
    }

    @Test
    void theImageOfTheWorkspaceCannotBeMounted() throws Exception {
        LoopDevices failing = failing(LoopDevices.class, LoopDevices.ofThisMachine(), "mount", any -> true, EIO);
        assertCreationFails(
                OciDriver.process(node.settings(), ProcessCalls.ofThisMachine(), Mounts.ofThisMachine(), failing),
                "workspace.img");
    }

    /** The first is that of the sandbox's private memory, the last ones bind what the agent sees. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 13, 21})
    void aMountFails(int number) throws Exception {
        int[] calls = new int[1];
        Mounts failing = failing(Mounts.class, Mounts.ofThisMachine(), "mount", any -> ++calls[0] == number, EIO);
        assertCreationFails(
                OciDriver.process(node.settings(), ProcessCalls.ofThisMachine(), failing, LoopDevices.ofThisMachine()),
                "Input/output error");
    }

    @Test
    void theMountNamespaceCannotBeMade() throws Exception {
        Mounts failing = failing(Mounts.class, Mounts.ofThisMachine(), "unshareNamespace", any -> true, EIO);
        assertCreationFails(
                OciDriver.process(node.settings(), ProcessCalls.ofThisMachine(), failing, LoopDevices.ofThisMachine()),
                "make a mount namespace");
    }

    @Test
    void theControlGroupsCannotBeJoined() throws Exception {
        ProcessCalls failing = failing(ProcessCalls.class, ProcessCalls.ofThisMachine(), "move", any -> true, EIO);
        assertCreationFails(
                OciDriver.process(node.settings(), failing, Mounts.ofThisMachine(), LoopDevices.ofThisMachine()),
                "move the shim to the control group");
    }

    @Test
    void theShimCannotBeRun() throws Exception {
        assertCreationFails(
                whichSpawns(argument -> argument.endsWith("/conmon") ? "/nonexistent/conmon" : argument), "127");
    }

    @Test
    void theShimCannotRunTheRuntime() throws Exception {
        assertCreationFails(
                whichSpawns(argument ->
                        argument.endsWith("/crun") || argument.endsWith("/runc") ? "/nonexistent/runtime" : argument),
                "");
    }

    @Test
    void aRuntimeThatIsMissingIsUnsupported() throws Exception {
        OciSettings settings = node.settings();
        OciDriver without = OciDriver.process(settings.withRuntime(Path.of("/nonexistent/crun"), settings.patience()));
        SandboxException failure = failureOf(() -> without.create(spec));
        assertThat(failure.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(failure).hasMessageContaining("/nonexistent/crun");
        assertNothingRanAndNothingIsLeft();
    }

    @Test
    void aWorkspaceThatHasNoRoomIsNotThere() throws Exception {
        SandboxSpec large = TestNode.shell(
                "true", TestNode.storage(64L << 20), new SandboxSpec.ResolvedMount.Workspace("/workspace", true));
        Path sandbox = new SandboxFiles(node.settings(), large.id()).directory();
        Files.createDirectories(sandbox);
        run("mount", "-t", "tmpfs", "-o", "size=64k", "none", sandbox.toString());
        try {
            SandboxException failure = failureOf(() -> node.driver().prepare(large));
            assertThat(failure.step()).isEqualTo(Step.PREPARE);
            assertThat(failure).hasMessageContaining("bytes left, and the limit of ephemeral-storage takes 67108864");
            assertThat(sandbox.resolve("workspace.img")).doesNotExist();
        } finally {
            run("umount", sandbox.toString());
            node.driver().purge(large.id());
        }
        await().untilAsserted(() -> assertThat(Machine.now(node)).isEqualTo(prepared));
    }

    @Test
    void theRuntimeCannotBeStarted() throws Exception {
        node.driver().create(spec);
        ProcessCalls failing = failing(
                ProcessCalls.class,
                ProcessCalls.ofThisMachine(),
                "spawn",
                arguments -> arguments[0] instanceof SpawnRequest request
                        && request.arguments().contains("start"),
                EAGAIN);
        assertStartFails(
                OciDriver.process(node.settings(), failing, Mounts.ofThisMachine(), LoopDevices.ofThisMachine()));
        assertThat(node.driver().state(spec.id())).isInstanceOf(SandboxState.Created.class);
        node.driver().remove(spec.id());
        assertNothingRanAndNothingIsLeft();
    }

    @Test
    void whatIsKilledWhileItWaitsForItsStartIsNotStarted() throws Exception {
        node.driver().create(spec);
        RunRecord record = RunRecord.read(new SandboxFiles(node.settings(), spec.id()).record())
                .orElseThrow();
        for (long pid : new long[] {record.shim().pid(), record.agent().pid()}) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
        await().until(() -> !record.shim().isAlive() && !record.agent().isAlive());
        node.driver().start(spec.id());
        assertThat(node.driver().state(spec.id())).isInstanceOf(SandboxState.Exited.class);
        node.driver().remove(spec.id());
        assertNothingRanAndNothingIsLeft();
    }

    /** The agent runs: whoever started it must look, and must not start it again. */
    @Test
    void aStartWhoseNoteFailsIsSeenAsRunning() throws Exception {
        SandboxSpec stays = TestNode.shell("echo ran; sleep 1000", LIMITED);
        node.driver().prepare(stays);
        node.driver().create(stays);
        Files.createDirectory(new SandboxFiles(node.settings(), stays.id()).started());
        SandboxException failure = failureOf(() -> node.driver().start(stays.id()));
        assertThat(failure.step()).isEqualTo(Step.START);
        assertThat(node.driver().state(stays.id())).isInstanceOf(SandboxState.Running.class);
        node.driver().purge(stays.id());
    }

    private void assertStartFails(OciDriver failing) {
        SandboxException failure = failureOf(() -> failing.start(spec.id()));
        assertThat(failure.step()).isEqualTo(Step.START);
        assertThat(failure).hasMessageContaining("Resource temporarily unavailable");
    }

    private OciDriver whichSpawns(UnaryOperator<String> argument) {
        ProcessCalls real = ProcessCalls.ofThisMachine();
        ProcessCalls other = proxy(ProcessCalls.class, real, (name, arguments) -> {
            if (name.equals("spawn")) {
                SpawnRequest request = (SpawnRequest) arguments[0];
                arguments[0] = new SpawnRequest(
                        request.program(),
                        request.arguments().stream().map(argument).toList(),
                        request.environment(),
                        request.descriptors(),
                        request.terminal());
            }
            return Optional.empty();
        });
        return OciDriver.process(node.settings(), other, Mounts.ofThisMachine(), LoopDevices.ofThisMachine());
    }

    private static <T> T failing(Class<T> type, T real, String call, Predicate<Object[]> which, int error) {
        return proxy(
                type,
                real,
                (name, arguments) ->
                        name.equals(call) && which.test(arguments) ? Optional.of(-error) : Optional.empty());
    }

    /** What a call answers instead of what it does; empty: it does it, with the arguments as they are then. */
    private interface Instead {
        Optional<Integer> answer(String call, Object[] arguments);
    }

    private static <T> T proxy(Class<T> type, T real, Instead instead) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    Object[] passed = arguments == null ? new Object[0] : arguments;
                    Optional<Integer> answer = instead.answer(method.getName(), passed);
                    if (answer.isPresent()) {
                        return answer.get();
                    }
                    try {
                        return method.invoke(real, passed);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    private static void run(String... command) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }
}
