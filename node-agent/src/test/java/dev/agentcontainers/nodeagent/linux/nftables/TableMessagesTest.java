package dev.agentcontainers.nodeagent.linux.nftables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.agentcontainers.nodeagent.linux.netlink.Attributes;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import java.util.List;
import org.junit.jupiter.api.Test;

class TableMessagesTest {
    private static final TableMessages MESSAGES = new TableMessages("agentfence");

    @Test
    void anElementThatMapsToAChain() {
        byte[] key = TableMessages.interfaceKey("ac0123456789");
        NetlinkMessage message = MESSAGES.addGoto("agents", key, "g_one");

        assertThat(message.type()).isEqualTo(10 << 8 | 12);
        assertThat(message.payload()).startsWith(1, 0, 0, 0);
        Attributes attributes = new Attributes(message.payload(), 4);
        assertThat(attributes.text(1)).contains("agentfence");
        assertThat(attributes.text(2)).contains("agents");
        Attributes element = attributes.nested(3).orElseThrow().elements().getFirst();
        assertThat(element.nested(1).flatMap(data -> data.bytes(1))).contains(key);
        Attributes verdict = element.nested(2).flatMap(data -> data.nested(2)).orElseThrow();
        assertThat(verdict.integerBigEndian(1)).as("goto").contains(-4);
        assertThat(verdict.text(2)).contains("g_one");
    }

    @Test
    void aTransactionIsFramed() {
        NetlinkMessage deletion = MESSAGES.deleteElement("denied", TableMessages.interfaceKey("ac0"));
        List<NetlinkMessage> batch = TableMessages.transaction(List.of(deletion));

        assertThat(batch).extracting(NetlinkMessage::type).containsExactly(16, 10 << 8 | 14, 17);
        assertThat(batch).extracting(NetlinkMessage::acknowledged).containsExactly(false, true, false);
        assertThat(batch.getFirst().payload()).containsExactly(0, 0, 0, 10);
    }

    @Test
    void interfaceNamesFillSixteenBytes() {
        assertThat(TableMessages.interfaceKey("eth0")).hasSize(16).startsWith('e', 't', 'h', '0', 0);
        assertThatIllegalArgumentException().isThrownBy(() -> TableMessages.interfaceKey("a".repeat(16)));
    }
}
