package dev.agentcontainers.cli.display;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Passes on what a viewer wants to see and what its user types and points at, and nothing else: what that user has copied
 * elsewhere, a password perhaps, is not the agent's.
 */
record InputFilter(DataInputStream from, DataOutputStream to) {
    private static final int PIXEL_FORMAT = 19;
    private static final int REQUEST = 9;
    private static final int KEY = 7;
    private static final int POINTER = 5;

    /** Until the viewer has gone. */
    void run() throws IOException {
        for (int kind = from.read(); kind >= 0; kind = from.read()) {
            switch (kind) {
                case Rfb.SET_PIXEL_FORMAT -> copy(kind, PIXEL_FORMAT);
                case Rfb.SET_ENCODINGS -> encodings();
                case Rfb.UPDATE_REQUEST -> copy(kind, REQUEST);
                case Rfb.KEY -> copy(kind, KEY);
                case Rfb.POINTER -> copy(kind, POINTER);
                case Rfb.CLIENT_CUT_TEXT -> {
                    Rfb.skip(from, 3);
                    // Below zero it is another form of the same, of that many bytes.
                    Rfb.skip(from, Math.abs((long) from.readInt()));
                }
                default -> throw new Rfb.BrokenException("the viewer sends a message of kind " + kind);
            }
            if (from.available() == 0) {
                to.flush();
            }
        }
    }

    private void copy(int kind, int rest) throws IOException {
        byte[] message = from.readNBytes(rest);
        if (message.length == rest) {
            to.writeByte(kind);
            to.write(message);
        }
    }

    private void encodings() throws IOException {
        Rfb.skip(from, 1);
        int number = from.readUnsignedShort();
        List<Integer> known = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            int encoding = from.readInt();
            if (Rfb.ENCODINGS.contains(encoding) && !known.contains(encoding)) {
                known.add(encoding);
            }
        }
        if (!known.contains(Rfb.ZRLE)) {
            throw new Rfb.BrokenException("the viewer does not know the encoding ZRLE, the only one here: use another");
        }
        to.writeByte(Rfb.SET_ENCODINGS);
        to.writeByte(0);
        to.writeShort(known.size());
        for (int encoding : known) {
            to.writeInt(encoding);
        }
    }
}
