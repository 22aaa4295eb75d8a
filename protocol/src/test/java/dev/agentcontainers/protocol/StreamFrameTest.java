package dev.agentcontainers.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class StreamFrameTest {
    /** The bytes that kubectl and the API server exchange for the same thing. */
    @Test
    void frameBytesAreThoseOfKubernetes() {
        assertThat(new StreamFrame.Input(new byte[] {7}).encoded()).containsExactly(0, 7);
        assertThat(new StreamFrame.Output(new byte[] {7}).encoded()).containsExactly(1, 7);
        assertThat(new StreamFrame.ErrorOutput(new byte[] {7}).encoded()).containsExactly(2, 7);
        assertThat(new StreamFrame.CloseInput().encoded()).containsExactly(255, 0);
        assertThat(text(new StreamFrame.Resize(new TerminalSize(80, 24)).encoded()))
                .isEqualTo("\u0004{\"Width\":80,\"Height\":24}");
        assertThat(text(new StreamFrame.Result(Statuses.success()).encoded()))
                .startsWith("\u0003{")
                .contains("\"status\":\"Success\"");
    }

    static Stream<StreamFrame> frames() {
        return Stream.of(
                new StreamFrame.Resize(new TerminalSize(1, 65535)),
                new StreamFrame.Result(Statuses.ofExitCode(3)),
                new StreamFrame.CloseInput());
    }

    @ParameterizedTest
    @MethodSource("frames")
    void whatIsEncodedIsDecoded(StreamFrame frame) throws ProtocolException {
        assertThat(StreamFrame.decode(frame.encoded())).isEqualTo(frame);
    }

    @Test
    void dataIsDecodedAsItIs() throws ProtocolException {
        byte[] data = {0, 1, (byte) 255};
        assertThat(((StreamFrame.Output) StreamFrame.decode(new StreamFrame.Output(data).encoded())).data())
                .isEqualTo(data);
    }

    static Stream<List<Object>> nonsense() {
        return Stream.of(
                List.of(new byte[] {}, "an empty message has no channel"),
                List.of(new byte[] {5, 1}, "channel 5 is not one of"),
                List.of(new byte[] {(byte) 255}, "must name channel 0"),
                List.of(new byte[] {(byte) 255, 1}, "must name channel 0"),
                List.of(new byte[] {4, '{', '}'}, "resize (channel 4)"),
                List.of("\u0004{\"Width\":0,\"Height\":24}".getBytes(StandardCharsets.UTF_8), "must be 1 to 65535"),
                List.of("\u0004null".getBytes(StandardCharsets.UTF_8), "resize (channel 4)"),
                List.of("\u0003oops".getBytes(StandardCharsets.UTF_8), "result (channel 3)"));
    }

    @ParameterizedTest
    @MethodSource("nonsense")
    void nonsenseIsRefused(List<Object> messageAndError) {
        assertThatThrownBy(() -> StreamFrame.decode((byte[]) messageAndError.get(0)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining((String) messageAndError.get(1));
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "137", "255"})
    void exitCodesSurvive(int code) {
        assertThat(Statuses.exitCode(Statuses.ofExitCode(code))).hasValue(code);
    }

    @Test
    void aFailureThatIsNoExitHasNoExitCode() {
        assertThat(Statuses.exitCode(Statuses.failure(500, "broken"))).isEmpty();
    }

    @Test
    void controlMessagesSurvive() throws ProtocolException {
        for (ControlMessage message : List.of(
                new ControlMessage.Open("id", "uid", new StreamRequest.Log(true, 5L, null, false)),
                new ControlMessage.Open("id", "uid", new StreamRequest.Exec(List.of("a", "b"), true, false)),
                new ControlMessage.Refuse("id", Statuses.failure(429, "full")))) {
            assertThat(ControlMessage.parse(Json.text(message))).isEqualTo(message);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "null",
                "[]",
                "{}",
                "{\"type\":\"\"}",
                "{\"type\":null,\"streamId\":\"a\"}",
                "{\"type\":\"other\",\"streamId\":{}}",
                "{\"type\":\"open\",\"streamId\":\"a\",\"request\":{}}",
                "{\"type\":\"open\",\"request\":{\"kind\":\"attach\"}}",
                "{\"type\":\"open\",\"request\":{\"kind\":\"exec\",\"command\":[]}}"
            })
    void wrongControlMessagesAreRefused(String text) {
        assertThatThrownBy(() -> ControlMessage.parse(text)).isInstanceOf(ProtocolException.class);
    }

    /** What a later gateway sends can be refused by name, and what follows it is still understood. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"type\":\"open\",\"streamId\":\"a\",\"assignment\":\"b\",\"request\":{\"kind\":\"attach\",\"x\":1}} | a | requests of kind 'attach'",
                "{\"request\":{\"x\":[],\"kind\":\"attach\"},\"assignment\":\"b\",\"streamId\":\"a\",\"type\":\"open\"} | a | requests of kind 'attach'",
                "{\"type\":\"close\",\"streamId\":\"a\"} | a | messages of type 'close'",
                "{\"type\":\"hello\",\"version\":2} | | messages of type 'hello'"
            })
    void unknownControlMessagesSayWhatTheyAre(String text, @Nullable String streamId, String what)
            throws ProtocolException {
        assertThat(ControlMessage.parse(text))
                .isEqualTo(new ControlMessage.Unknown(Optional.ofNullable(streamId), what));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
