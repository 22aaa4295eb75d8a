package dev.agentcontainers.nodeagent.linux.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageUserTest {
    private static final String PASSWD = """
        # broken
        root:x:0:0:root:/root:/bin/sh
        me:x:1000:1001:,,,:/home/me:/bin/sh
        7:x:1007:1007::/home/seven:
        odd:x:70000:1::relative:
        """;
    private static final String GROUP =
            "root:x:0:\nstaff:x:50:you,me\nmany:x:51:meme\nus:x:52:me\nhuge:x:4294967296:\n";

    @Test
    void namesAreThoseOfTheImage() throws IOException {
        assertThat(ImageUser.resolve("", PASSWD, GROUP)).isEqualTo(new ImageUser(0, 0, List.of(), "/root"));
        assertThat(ImageUser.resolve("me", PASSWD, GROUP))
                .isEqualTo(new ImageUser(1000, 1001, List.of(50, 52), "/home/me"));
        assertThat(ImageUser.resolve("1000", PASSWD, GROUP))
                .isEqualTo(new ImageUser(1000, 1001, List.of(50, 52), "/home/me"));
        assertThat(ImageUser.resolve("me:us", PASSWD, GROUP)).isEqualTo(new ImageUser(1000, 52, List.of(), "/home/me"));
        assertThat(ImageUser.resolve("me:9", PASSWD, GROUP)).isEqualTo(new ImageUser(1000, 9, List.of(), "/home/me"));
        assertThat(ImageUser.resolve("65535", PASSWD, GROUP)).isEqualTo(new ImageUser(65_535, 0, List.of(), "/"));
        assertThat(ImageUser.resolve("", "", "")).isEqualTo(new ImageUser(0, 0, List.of(), "/"));
        assertThat(ImageUser.resolve("7", PASSWD, GROUP))
                .isEqualTo(new ImageUser(1007, 1007, List.of(), "/home/seven"));
    }

    @ParameterizedTest
    @CsvSource({
        "nobody, user 'nobody'",
        "me:them, group 'them'",
        "65536, '65536'",
        "odd, '70000'",
        "me:huge, '4294967296'",
        "-1, user '-1'",
        "99999999999, '99999999999'",
    })
    void whomTheImageDoesNotKnowIsRefused(String text, String message) {
        assertThatThrownBy(() -> ImageUser.resolve(text, PASSWD, GROUP)).hasMessageContaining(message);
    }
}
