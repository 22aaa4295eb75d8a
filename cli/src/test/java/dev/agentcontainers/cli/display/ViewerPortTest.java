package dev.agentcontainers.cli.display;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ViewerPortTest {
    private static final String PASSWORD = "secret99";
    private static final byte[] PICTURE = {0, 0, 0, 3, 1, 2, 3};

    private final List<String> said = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private ScriptedDisplay display;
    private ViewerPort port;

    @BeforeEach
    void listen() throws IOException {
        display = new ScriptedDisplay();
        port = ViewerPort.listen(
                0,
                () -> {
                    connections.incrementAndGet();
                    return AgentScreen.greet(display);
                },
                new ViewerGreeting(PASSWORD),
                "team-a/researcher",
                said::add);
        Thread.ofVirtual().start(() -> {
            try {
                port.serve();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @AfterEach
    void close() throws IOException {
        port.close();
        display.close();
    }

    /** Clipboards are what viewers and displays pass on without being asked. */
    @Test
    void picturesPassOneWayAndKeysTheOtherAndNoClipboard() throws IOException {
        display.welcoming(1).showing("root@bank: type your password");
        try (VncViewer viewer = VncViewer.connect(port.port(), PASSWORD)) {
            assertThat(viewer.title()).as("not what the agent calls it").isEqualTo("team-a/researcher");
            assertThat(display.greeting()).endsWith(1, 1);

            display.output.write(new byte[] {3, 0, 0, 0, 0, 0, 0, 8});
            display.output.writeBytes("rm -rf ~");
            display.output.write(new byte[] {3, 0, 0, 0, -1, -1, -1, -4, 1, 2, 3, 4});
            display.output.write(new byte[] {2});
            display.update(16, PICTURE);
            assertThat(viewer.input().readNBytes(1)).containsExactly(2);
            assertThat(viewer.input().readNBytes(16)).startsWith(0, 0, 0, 1).endsWith(0, 0, 0, 16);
            assertThat(viewer.input().readNBytes(7)).isEqualTo(PICTURE);

            viewer.encodings(7, 0, 16, -239, 0xC0A1E5CE, -223, 16);
            assertThat(display.input.readNBytes(12)).containsExactly(2, 0, 0, 2, 0, 0, 0, 16, -1, -1, -1, 33);
            viewer.output().write(new byte[] {6, 0, 0, 0, 0, 0, 0, 6});
            viewer.output().writeBytes("copied");
            viewer.output().write(new byte[] {6, 0, 0, 0, -1, -1, -1, -2, 9, 9});
            viewer.output().write(new byte[] {4, 1, 0, 0, 0, 0, 0, 'a', 5, 1, 0, 1, 0, 1});
            assertThat(display.input.readNBytes(14)).containsExactly(4, 1, 0, 0, 0, 0, 0, 'a', 5, 1, 0, 1, 0, 1);
        }
        assertThat(display.input.read()).as("what of a viewer that has gone").isEqualTo(-1);
        assertThat(said).isEmpty();
    }

    /** With an encoding whose length the filter took for another than the viewer does, anything could pass. */
    @Test
    void anEncodingThatNobodyAskedForEndsIt() throws IOException {
        display.welcoming(1).showing("x").update(0, new byte[16]);
        try (VncViewer viewer = VncViewer.connect(port.port(), PASSWORD)) {
            assertThat(viewer.input().read()).as("nothing of it").isEqualTo(-1);
        }
        await().untilAsserted(() ->
                assertThat(said).containsExactly("the agent's display sends an encoding that nobody asked for: 0"));
    }

    @Test
    void aDisplayThatAsksForAPasswordIsNotShown() throws IOException {
        display.welcoming(2);
        try (VncViewer viewer = VncViewer.connect(port.port(), PASSWORD)) {
            throw new AssertionError("it is shown " + viewer.title());
        } catch (IOException e) {
            await().untilAsserted(() -> assertThat(said).containsExactly("the agent's display asks for a password"));
        }
    }

    @Test
    void anotherUserOfThisMachineDoesNotGetInByTrying() throws Exception {
        int number = port.port();
        assertThat(VncViewer.answerTo(number, "wrong")).isEqualTo(1);
        assertThat(VncViewer.answerTo(number, "")).isEqualTo(1);
        for (int i = 2; i < 20; i++) {
            int before = i;
            // Where too many wait for their answer nobody is asked.
            await().untilAsserted(() ->
                    assertThat(VncViewer.answerTo(number, "secret" + before)).isEqualTo(1));
        }
        await().untilAsserted(() -> assertThat(said).hasSize(1));
        assertThat(said.getFirst()).contains("20 wrong passwords");
        await().untilAsserted(() ->
                assertThatThrownBy(() -> VncViewer.answerTo(number, PASSWORD)).isInstanceOf(IOException.class));
        assertThat(connections).as("to the agent").hasValue(0);
    }

    @Test
    void eachRunHasAPasswordOfItsOwn() {
        String password = ViewerGreeting.withNewPassword().password();
        assertThat(password).matches("[a-z2-9]{8}");
        assertThat(ViewerGreeting.withNewPassword().password()).isNotEqualTo(password);
        assertThat(ViewerGreeting.withNewPassword()).hasToString("ViewerGreeting");
    }
}
