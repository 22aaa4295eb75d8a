package dev.agentcontainers.api.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.agentcontainers.api.generator.Yaml;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DefinitionCompatibilityTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            # older field                       | newer field                                   | break (none: compatible)
            {type: string}                      | {type: string}                                |
            {type: string}                      | {type: string, description: better}           |
            {type: string}                      | {type: string, default: x}                    |
            {type: string, default: x}          | {type: string, default: y}                    | default changed from "x" to "y"
            {type: string, default: x}          | {type: string}                                | default changed from "x" to none
            {type: string}                      | {type: integer}                               | type changed from "string" to "integer"
            {type: string, enum: [a, b]}        | {type: string, enum: [b, a, c]}               |
            {type: string, enum: [a, b]}        | {type: string, enum: [a]}                     | enum value b was removed
            {type: string, enum: [a, b]}        | {type: string}                                |
            {type: string}                      | {type: string, enum: [a]}                     | enum is new
            {type: integer, minimum: 1}         | {type: integer, minimum: 0}                   |
            {type: integer, minimum: 1}         | {type: integer, minimum: 2}                   | minimum was tightened from 1 to 2
            {type: integer}                     | {type: integer, minimum: 0}                   | minimum was tightened from none to 0
            {type: integer, maximum: 9}         | {type: integer, maximum: 10}                  |
            {type: integer, maximum: 9}         | {type: integer}                               |
            {type: integer, maximum: 9}         | {type: integer, maximum: 8}                   | maximum was tightened from 9 to 8
            {type: string, maxLength: 9}        | {type: string, maxLength: 8}                  | maxLength was tightened from 9 to 8
            {type: string, minLength: 0}        | {type: string, minLength: 1}                  | minLength was tightened from 0 to 1
            {type: array, maxItems: 9}          | {type: array, maxItems: 8}                    | maxItems was tightened from 9 to 8
            {type: array, minItems: 1}          | {type: array, minItems: 2}                    | minItems was tightened from 1 to 2
            {type: object, maxProperties: 9}    | {type: object, maxProperties: 8}              | maxProperties was tightened from 9 to 8
            {type: integer, format: int32}      | {type: integer, format: int64}                |
            {type: integer, format: int64}      | {type: integer, format: int32}                | format changed from "int64" to "int32"
            {type: string, pattern: a}          | {type: string}                                |
            {type: string, pattern: a}          | {type: string, pattern: b}                    | pattern changed from "a" to "b"
            {type: string}                      | {type: string, pattern: b}                    | pattern changed from none to "b"
            {type: array, items: {type: string}} | {type: array, items: {type: integer}}        | []: type changed
            {type: array}                       | {type: array, x-kubernetes-list-type: set}    | x-kubernetes-list-type changed from none to "set"
            {type: object, properties: {a: {type: string}}}         | {type: object, properties: {a: {type: string}, b: {type: string}}} |
            {type: object, properties: {a: {type: string}}}         | {type: object, properties: {}}                  | .a: was removed
            {type: object, properties: {a: {type: string}}}         | {type: object, properties: {a: {type: object}}} | .a: type changed
            {type: object, properties: {a: {type: string}}}         | {type: object, required: [a], properties: {a: {type: string}}} | .a: is newly required
            {type: object, properties: {a: {type: string}}}         | {type: object, required: [a], properties: {a: {type: string, default: x}}} |
            {type: object, required: [a], properties: {a: {type: string}}} | {type: object, properties: {a: {type: string}}} |
            {type: object, additionalProperties: {type: string}}    | {type: object, additionalProperties: {type: integer}} | []: type changed
            {type: string}                      | {type: string, x-kubernetes-validations: [{rule: self != ''}]} | rule is new or changed: self != ''
            {type: string, x-kubernetes-validations: [{rule: a, message: b}]} | {type: string, x-kubernetes-validations: [{rule: a, message: c}]} |
            {type: string, x-kubernetes-validations: [{rule: a}]} | {type: string}              |
            """)
    void ofAField(String older, String newer, String expected) {
        var breaks = DefinitionCompatibility.breaks(definition(older), definition(newer));

        if (expected == null) {
            assertThat(breaks).isEmpty();
        } else {
            assertThat(breaks)
                    .singleElement()
                    .asString()
                    .contains("v1.spec.field")
                    .contains(expected);
        }
    }

    @Test
    void ofVersionsNamesAndSubresources() {
        JsonNode older = definition("{type: string}");

        assertThat(DefinitionCompatibility.breaks(older, changed("{served: true", "{served: false")))
                .containsExactly("v1: the version is not served any more");
        assertThat(DefinitionCompatibility.breaks(older, changed("name: v1,", "name: v2,")))
                .containsExactly("v1: the version is not served any more");
        assertThat(DefinitionCompatibility.breaks(older, changed("scope: Namespaced", "scope: Cluster")))
                .singleElement()
                .asString()
                .contains("/spec/scope");
        assertThat(DefinitionCompatibility.breaks(older, changed("shortNames: [t]", "shortNames: [u]")))
                .containsExactly("/spec/names/shortNames: \"t\" was removed");
        assertThat(DefinitionCompatibility.breaks(older, changed("subresources: {status: {}}", "subresources: {}")))
                .containsExactly("v1: the subresource status was removed");
    }

    private static final String DEFINITION = """
            spec:
              group: example.org
              scope: Namespaced
              names: {kind: Thing, plural: things, shortNames: [t]}
              versions:
              - {served: true, name: v1, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {field: FIELD}}}}}}
            """;

    private static JsonNode definition(String field) {
        return Yaml.read(DEFINITION.replace("FIELD", field));
    }

    private static JsonNode changed(String from, String to) {
        assertThat(DEFINITION).contains(from);
        return Yaml.read(DEFINITION.replace("FIELD", "{type: string}").replace(from, to));
    }
}
