package dev.agentcontainers.cli.display;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** Lets viewers in that know a password: any user of this machine may connect. Source: RFC 6143, 7.2.2. */
record ViewerGreeting(String password) {
    /** As many as the protocol has. */
    private static final int LETTERS = 8;

    /** 32, of which none looks like another: 40 bits in all. */
    private static final String ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

    private static final int CHALLENGE = 16;
    private static final int FIRST_WITH_CHOICE = 7;
    private static final int FIRST_WITH_REASON = 8;
    private static final SecureRandom RANDOM = new SecureRandom();

    static ViewerGreeting withNewPassword() {
        StringBuilder password = new StringBuilder();
        for (int i = 0; i < LETTERS; i++) {
            password.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        return new ViewerGreeting(password.toString());
    }

    /** Whether it has shown that it knows the password. */
    boolean greet(DataInputStream from, DataOutputStream to) throws IOException {
        to.write(Rfb.VERSION.getBytes(StandardCharsets.US_ASCII));
        to.flush();
        int version = Rfb.minorVersion(from);
        if (version >= FIRST_WITH_CHOICE) {
            to.write(new byte[] {1, Rfb.PASSWORD});
            to.flush();
            if (from.readUnsignedByte() != Rfb.PASSWORD) {
                throw new Rfb.BrokenException("the viewer has no passwords");
            }
        } else {
            to.writeInt(Rfb.PASSWORD);
        }
        byte[] challenge = new byte[CHALLENGE];
        RANDOM.nextBytes(challenge);
        to.write(challenge);
        to.flush();
        byte[] response = new byte[CHALLENGE];
        from.readFully(response);
        boolean right = MessageDigest.isEqual(response, encrypted(challenge, password));
        to.writeInt(right ? 0 : 1);
        if (!right && version >= FIRST_WITH_REASON) {
            byte[] reason = "wrong password: agentctl has printed the right one".getBytes(StandardCharsets.US_ASCII);
            to.writeInt(reason.length);
            to.write(reason);
        }
        to.flush();
        return right;
    }

    /** The answer of who knows it: DES, of whose key this protocol has each byte the other way round. */
    static byte[] encrypted(byte[] challenge, String password) {
        byte[] key = new byte[LETTERS];
        for (int i = 0; i < Math.min(LETTERS, password.length()); i++) {
            key[i] = (byte) (Integer.reverse(password.charAt(i)) >>> 24);
        }
        try {
            Cipher des = Cipher.getInstance("DES/ECB/NoPadding");
            des.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "DES"));
            return des.doFinal(challenge);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK cannot do DES", e);
        }
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "ViewerGreeting";
    }
}
