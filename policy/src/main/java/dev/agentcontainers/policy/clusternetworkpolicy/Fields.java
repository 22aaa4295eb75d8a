package dev.agentcontainers.policy.clusternetworkpolicy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An object inside a policy, read strictly: a field that isn't known may restrict the ones that are, so it makes the whole
 * object unreadable.
 */
final class Fields {
    private final String place;
    private final Map<String, Object> values = new LinkedHashMap<>();

    private Fields(String place) {
        this.place = place;
    }

    /** The object that has only fields of these names; null stands for an absent one. */
    static Fields of(@Nullable Object object, String place, Set<String> known) throws UnreadableException {
        Fields fields = any(object, place);
        Set<String> unknown = new TreeSet<>(fields.values.keySet());
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            throw new UnreadableException(place, "field " + unknown.iterator().next() + " is not known here");
        }
        return fields;
    }

    /** The object that has exactly one field, of one of these names. */
    static Fields ofOne(@Nullable Object object, String place, Set<String> known) throws UnreadableException {
        Fields fields = of(object, place, known);
        if (fields.values.size() != 1) {
            throw new UnreadableException(
                    place, "has not exactly one of the fields " + String.join(", ", new TreeSet<>(known)));
        }
        return fields;
    }

    /** An object whose keys are data. */
    static Fields any(@Nullable Object object, String place) throws UnreadableException {
        if (!(object instanceof Map<?, ?> map)) {
            throw new UnreadableException(place, "is no object");
        }
        Fields fields = new Fields(place);
        map.forEach((key, value) -> {
            if (value != null) {
                fields.values.put(String.valueOf(key), value);
            }
        });
        return fields;
    }

    String place(String field) {
        return place + "." + field;
    }

    Set<String> names() {
        return values.keySet();
    }

    boolean has(String field) {
        return values.containsKey(field);
    }

    @Nullable
    Object value(String field) {
        return values.get(field);
    }

    String text(String field) throws UnreadableException {
        return text(values.get(field), place(field));
    }

    int number(String field) throws UnreadableException {
        Object value = values.get(field);
        if ((value instanceof Integer || value instanceof Long)
                && ((Number) value).longValue() == ((Number) value).intValue()) {
            return ((Number) value).intValue();
        }
        throw new UnreadableException(place(field), "is " + value + ", not a whole number");
    }

    /** The texts of a list that is there and not empty. */
    List<String> texts(String field) throws UnreadableException {
        List<String> texts = new ArrayList<>();
        for (Item item : items(field)) {
            texts.add(text(item.value(), item.place()));
        }
        return texts;
    }

    /** The entries of a list that is there and not empty. */
    List<Item> items(String field) throws UnreadableException {
        if (!(values.get(field) instanceof List<?> list) || list.isEmpty()) {
            throw new UnreadableException(place(field), "is no list with at least one entry");
        }
        List<Item> items = new ArrayList<>();
        for (Object value : list) {
            items.add(new Item(value, place(field) + "[" + items.size() + "]"));
        }
        return items;
    }

    /** An entry of a list, with its place. */
    record Item(@Nullable Object value, String place) {}

    private static String text(@Nullable Object value, String place) throws UnreadableException {
        if (value instanceof String text) {
            return text;
        }
        throw new UnreadableException(place, "is " + value + ", not a text");
    }
}
