package dev.agentcontainers.operator.chart;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.comments.CommentLine;
import org.snakeyaml.engine.v2.comments.CommentType;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** The keys of a values.yaml with their defaults and comments. */
final class DocumentedValues {

    /**
     * @param path for example {@code operator.image.tag}
     * @param standard the default, as YAML in one line
     * @param comment the lines of comment right above the key, joined; empty where there are none
     */
    record Value(String path, String standard, String comment) {

        String row() {
            return "| `%s` | `%s` | %s |".formatted(path, standard, comment.replace("|", "\\|"));
        }
    }

    private DocumentedValues() {}

    static List<Value> of(Path valuesFile) throws IOException {
        LoadSettings settings = LoadSettings.builder()
                .setParseComments(true)
                .setLabel(valuesFile.toString())
                .build();
        Node root = new Compose(settings)
                .composeString(Files.readString(valuesFile))
                .orElseThrow();
        List<Value> values = new ArrayList<>();
        collect("", (MappingNode) root, values);
        return values;
    }

    static String table(List<Value> values) {
        return values.stream()
                .map(Value::row)
                .collect(Collectors.joining("\n", "| key | default | meaning |\n|---|---|---|\n", "\n"));
    }

    private static void collect(String prefix, MappingNode mapping, List<Value> values) {
        for (NodeTuple entry : mapping.getValue()) {
            String path = prefix + ((ScalarNode) entry.getKeyNode()).getValue();
            String comment = comment(entry.getKeyNode());
            if (comment.isEmpty()
                    && entry.getValueNode() instanceof MappingNode inner
                    && !inner.getValue().isEmpty()) {
                collect(path + ".", inner, values);
            } else {
                values.add(new Value(path, standard(entry.getValueNode()), comment));
            }
        }
    }

    /** The lines right above: a blank line ends a comment that is about more than this key. */
    private static String comment(Node key) {
        List<CommentLine> lines = key.getBlockComments() == null ? List.of() : key.getBlockComments();
        int blank = -1;
        for (int i = 0; i < lines.size(); i++) {
            blank = lines.get(i).getCommentType() == CommentType.BLANK_LINE ? i : blank;
        }
        return lines.subList(blank + 1, lines.size()).stream()
                .map(line -> line.getValue().strip())
                .collect(Collectors.joining(" "));
    }

    private static String standard(Node node) {
        return switch (node) {
            case ScalarNode scalar -> scalar.getValue().isEmpty() ? "\"\"" : scalar.getValue();
            case SequenceNode sequence ->
                sequence.getValue().stream()
                        .map(DocumentedValues::standard)
                        .collect(Collectors.joining(", ", "[", "]"));
            case MappingNode mapping ->
                mapping.getValue().stream()
                        .map(entry -> standard(entry.getKeyNode()) + ": " + standard(entry.getValueNode()))
                        .collect(Collectors.joining(", ", "{", "}"));
            default -> throw new IllegalArgumentException("unexpected " + node);
        };
    }
}
