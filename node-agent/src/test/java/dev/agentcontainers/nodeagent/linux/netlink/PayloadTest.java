package dev.agentcontainers.nodeagent.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PayloadTest {
    @Test
    void attributesArePaddedToFourBytesAndTheirLengthIsNot() {
        byte[] bytes = new Payload().attributeByte(7, 1).attribute(8, "ab").toBytes();

        assertThat(bytes).hasSize(16);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        assertThat(buffer.getShort(0)).isEqualTo((short) 5);
        assertThat(buffer.getShort(2)).isEqualTo((short) 7);
        assertThat(buffer.getShort(8)).isEqualTo((short) 7);
        assertThat(bytes[14]).as("the zero byte that ends a string").isZero();
    }

    @Test
    void whatWasWrittenIsRead() {
        byte[] bytes = new Payload()
                .intValue(42)
                .attribute(1, 123456)
                .attributeBigEndian(2, -4)
                .nested(3, inner -> inner.attribute(1, "chain").attributeByte(2, 9))
                .toBytes();

        Attributes attributes = new Attributes(bytes, 4);
        assertThat(attributes.integer(1)).contains(123456);
        assertThat(attributes.integerBigEndian(2)).contains(-4);
        assertThat(attributes.nested(3).flatMap(inner -> inner.text(1))).contains("chain");
        assertThat(attributes.nested(3).flatMap(inner -> inner.bytes(2)))
                .hasValueSatisfying(value -> assertThat(value).containsExactly(9));
        assertThat(attributes.bytes(4)).isEqualTo(Optional.empty());
    }

    @Test
    void anAttributeLongerThanItsMessageIsRefused() {
        byte[] bytes = new Payload().shortValue(200).shortValue(1).toBytes();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Attributes(bytes, 0))
                .withMessageContaining("length 200");
    }
}
