package dev.agentcontainers.protocol;

import io.fabric8.kubernetes.api.model.ListMeta;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.StatusCause;
import java.util.OptionalInt;

/** Kubernetes' {@code Status}: how a request or a stream ended. */
public final class Statuses {
    private static final String EXIT_CODE = "ExitCode";
    private static final int LARGEST_EXIT_CODE = 255;

    private Statuses() {}

    public static Status success() {
        return new StatusBuilder()
                .withMetadata(new ListMeta())
                .withStatus("Success")
                .build();
    }

    /** A refusal or failure with its HTTP code and the reason that Kubernetes gives with it. */
    public static Status failure(int code, String message) {
        return new StatusBuilder()
                .withMetadata(new ListMeta())
                .withStatus("Failure")
                .withCode(code)
                .withReason(reason(code))
                .withMessage(message)
                .build();
    }

    /** How a command ended; 0 is success. */
    public static Status ofExitCode(int exitCode) {
        if (exitCode == 0) {
            return success();
        }
        return new StatusBuilder()
                .withMetadata(new ListMeta())
                .withStatus("Failure")
                .withReason("NonZeroExitCode")
                .withMessage("command terminated with non-zero exit code: " + exitCode)
                .withNewDetails()
                .addNewCause()
                .withReason(EXIT_CODE)
                .withMessage(Integer.toString(exitCode))
                .endCause()
                .endDetails()
                .build();
    }

    public static boolean succeeded(Status status) {
        return "Success".equals(status.getStatus());
    }

    /** The exit code of the command, where it ran to its end. */
    public static OptionalInt exitCode(Status status) {
        if (succeeded(status)) {
            return OptionalInt.of(0);
        }
        if (status.getDetails() == null) {
            return OptionalInt.empty();
        }
        return status.getDetails().getCauses().stream()
                .filter(cause -> EXIT_CODE.equals(cause.getReason()))
                .map(StatusCause::getMessage)
                .filter(text -> text != null && text.matches("\\d{1,3}"))
                .mapToInt(Integer::parseInt)
                .filter(code -> code <= LARGEST_EXIT_CODE)
                .findFirst();
    }

    private static String reason(int code) {
        return switch (code) {
            case 400 -> "BadRequest";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "NotFound";
            case 409 -> "Conflict";
            case 413 -> "RequestEntityTooLarge";
            case 422 -> "Invalid";
            case 429 -> "TooManyRequests";
            case 503 -> "ServiceUnavailable";
            case 504 -> "Timeout";
            default -> "InternalError";
        };
    }
}
