package dev.agentcontainers.cli.egress;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** What a command answers in this process. */
public record CommandAnswer(int exitCode, String text, String errors) {
    public static CommandAnswer of(Object command, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter errors = new StringWriter();
        int code = new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(errors))
                .setExecutionExceptionHandler((exception, _, _) -> {
                    if (exception instanceof UserException user) {
                        errors.write(String.valueOf(user.getMessage()));
                        return user.exitCode();
                    }
                    throw exception;
                })
                .execute(arguments);
        return new CommandAnswer(code, out.toString(), errors.toString());
    }
}
