package dev.agentcontainers.cli.terminal;

/** Something that the user can mend. The message says what was found and what to do; no stack trace is shown. */
public final class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    public UserException(String message) {
        this(message, 1);
    }

    /** With the exit code that the command ends with, 1 to 255. */
    public UserException(String message, int exitCode) {
        super(message);
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }
}
