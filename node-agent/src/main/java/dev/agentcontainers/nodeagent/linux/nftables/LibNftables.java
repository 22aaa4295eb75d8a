package dev.agentcontainers.nodeagent.linux.nftables;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * libnftables, of package libnftables1.
 *
 * @see <a href="https://manpages.debian.org/libnftables">libnftables(3)</a>
 */
public final class LibNftables implements Nftables {
    private interface C extends Library {
        @Nullable
        Pointer nft_ctx_new(int flags);

        void nft_ctx_free(Pointer context);

        int nft_ctx_buffer_error(Pointer context);

        int nft_ctx_buffer_output(Pointer context);

        @Nullable
        String nft_ctx_get_error_buffer(Pointer context);

        int nft_run_cmd_from_buffer(Pointer context, String commands);
    }

    /** The library's parser is not known to be safe in two threads at once. */
    private static final Object ONE_AT_A_TIME = new Object();

    private final C library;
    private final Pointer context;

    private LibNftables(C library, Pointer context) {
        this.library = library;
        this.context = context;
    }

    /** Opens it in the calling thread's network namespace. */
    public static LibNftables open() throws NftablesException {
        C library;
        try {
            library = Native.load("libnftables.so.1", C.class);
        } catch (UnsatisfiedLinkError e) {
            throw new NftablesException("libnftables.so.1 is missing: install the package libnftables1 (Debian, "
                    + "Ubuntu) or nftables (Fedora): " + e.getMessage());
        }
        Pointer context = library.nft_ctx_new(0);
        if (context == null) {
            throw new NftablesException("libnftables gave no context");
        }
        library.nft_ctx_buffer_error(context);
        library.nft_ctx_buffer_output(context);
        return new LibNftables(library, context);
    }

    @Override
    public void run(String commands) throws NftablesException {
        synchronized (ONE_AT_A_TIME) {
            if (library.nft_run_cmd_from_buffer(context, commands) != 0) {
                String error = library.nft_ctx_get_error_buffer(context);
                throw new NftablesException("nftables: " + (error == null ? "unknown error" : error.strip()));
            }
        }
    }

    @Override
    public void close() {
        library.nft_ctx_free(context);
    }
}
