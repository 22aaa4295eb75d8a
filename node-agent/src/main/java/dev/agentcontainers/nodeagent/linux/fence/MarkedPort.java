package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An element of a set of names' ports: mark, protocol and port, each padded to four bytes. */
record MarkedPort(int mark, NamedPort port) {
    private static final int LENGTH = 12;

    /** @throws IllegalStateException where the element is not one that the fence makes */
    static MarkedPort of(Element element) {
        if (element.key().length != LENGTH) {
            throw new IllegalStateException("element of " + element.key().length + " bytes in a set of names' ports");
        }
        ByteBuffer key = ByteBuffer.wrap(element.key());
        int mark = key.order(ByteOrder.nativeOrder()).getInt(0);
        int port = Short.toUnsignedInt(key.order(ByteOrder.BIG_ENDIAN).getShort(8));
        return new MarkedPort(mark, new NamedPort(AllowedBox.protocol(element.key()[4]), port));
    }
}
