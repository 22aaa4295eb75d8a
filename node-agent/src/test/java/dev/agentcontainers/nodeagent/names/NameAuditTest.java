package dev.agentcontainers.nodeagent.names;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NameAuditTest {
    @Test
    void aLineStaysOneLine() {
        assertThat(NameAudit.printable("www.example.org")).isEqualTo("www.example.org");
        assertThat(NameAudit.printable("a\nINFO b\r\u001b[1mc\u2028ä")).isEqualTo("a?INFO b??[1mc??");
        assertThat(NameAudit.printable("a".repeat(100_000))).hasSize(NameAudit.LONGEST + 3);
    }
}
