package dev.agentcontainers.cli.display;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** What of the remote framebuffer protocol is used here. Source: RFC 6143. */
final class Rfb {
    static final String VERSION = "RFB 003.008\n";
    static final int VERSION_LENGTH = 12;

    static final int NO_AUTHENTICATION = 1;
    static final int PASSWORD = 2;

    static final int FRAMEBUFFER_UPDATE = 0;
    static final int SET_COLOUR_MAP = 1;
    static final int BELL = 2;
    static final int SERVER_CUT_TEXT = 3;

    static final int SET_PIXEL_FORMAT = 0;
    static final int SET_ENCODINGS = 2;
    static final int UPDATE_REQUEST = 3;
    static final int KEY = 4;
    static final int POINTER = 5;
    static final int CLIENT_CUT_TEXT = 6;

    static final int COPY_RECT = 1;
    static final int ZRLE = 16;
    static final int DESKTOP_SIZE = -223;
    static final int LAST_RECT = -224;

    /** Those whose length does not depend on what viewer and display have agreed upon, so that nothing passes as a part of another. */
    static final Set<Integer> ENCODINGS = Set.of(COPY_RECT, ZRLE, DESKTOP_SIZE, LAST_RECT);

    /** Of rectangles, where the last of them says so. */
    static final int UNKNOWN_NUMBER = 0xffff;

    /** More than a screen of the largest size takes. */
    static final int LONGEST_RECTANGLE = 64 << 20;

    private Rfb() {}

    /** The other end does not keep to the protocol. */
    static final class BrokenException extends IOException {
        private static final long serialVersionUID = 1L;

        BrokenException(String message) {
            super(message);
        }
    }

    /** How new the other end is: the digit that differs. */
    static int minorVersion(DataInputStream from) throws IOException {
        String version = new String(from.readNBytes(VERSION_LENGTH), StandardCharsets.ISO_8859_1);
        if (!version.matches("RFB 003\\.[0-9]{3}\n")) {
            throw new BrokenException("it does not speak RFB 3");
        }
        return Integer.parseInt(version.substring(8, 11));
    }

    static void skip(DataInputStream from, long bytes) throws IOException {
        from.skipNBytes(bytes);
    }
}
