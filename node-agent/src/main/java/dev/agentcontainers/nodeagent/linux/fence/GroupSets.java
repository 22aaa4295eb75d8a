package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.fence.SetNames.Kind;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Expression;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Rule;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The sets that a group's three chains look up, at most one of each kind, and with that the chains themselves. One with no
 * sets at all is that of a withdrawn group and refuses everything; any other has a set of IPv4 destinations, though empty.
 *
 * @param boxMark of connections that the boxes let pass; 0 in chains without rules, and in those of an earlier version
 */
record GroupSets(Map<Kind, String> byKind, int boxMark) {
    static final GroupSets NONE = new GroupSets(Map.of(), 0);

    private static final Verdict ACCEPT = new Verdict(Verdict.ACCEPT, "");
    private static final Verdict INTERCEPT = new Verdict(Verdict.GOTO, Names.INTERCEPT);
    private static final Verdict UNLESS_QUIC = new Verdict(Verdict.JUMP, Names.UNLESS_QUIC);
    private static final Verdict REFUSE = new Verdict(Verdict.GOTO, Names.REFUSE);

    GroupSets {
        byKind = Map.copyOf(byKind);
    }

    /**
     * A rule as text, and what is seen of it in the kernel: what it looks up, with how much of the connection's state, which mark of
     * boxes it has and what follows.
     */
    private record Line(String text, String set, int boxMark, Verdict verdict) {
        private static final Pattern CONNECTION = Pattern.compile("\\bct ");

        Line(String text, String set, Verdict verdict) {
            this(text, set, 0, verdict);
        }

        boolean matches(Rule rule) {
            List<String> sets = rule.expressions().stream()
                    .flatMap(expression -> expression.set().stream())
                    .toList();
            Optional<Verdict> found = rule.expressions().isEmpty()
                    ? Optional.empty()
                    : rule.expressions().getLast().verdict();
            return rule.expressions().stream()
                            .noneMatch(expression -> expression.kind().equals(TableReader.INVERTED_LOOKUP))
                    && rule.expressions().stream()
                                    .filter(expression -> expression.kind().equals(TableReader.CONNECTION))
                                    .count()
                            == CONNECTION.matcher(text).results().count()
                    && boxMarks(rule).equals(boxMark == 0 ? List.of() : List.of(boxMark))
                    && sets.equals(set.isEmpty() ? List.of() : List.of(set))
                    && found.equals(verdict.code() == 0 ? Optional.empty() : Optional.of(verdict))
                    && (!verdict.equals(REFUSE) || rule.expressions().size() == 1);
        }
    }

    private static final Verdict GOES_ON = new Verdict(0, "");

    /** The sets that these rules look up; empty where that can't be the rules of a group. */
    static Optional<GroupSets> of(Collection<Rule> rules) {
        Map<Kind, String> sets = new TreeMap<>();
        int boxMark = 0;
        for (Rule rule : rules) {
            for (int mark : boxMarks(rule)) {
                boxMark = mark;
            }
            for (Expression expression : rule.expressions()) {
                for (Kind kind : Kind.values()) {
                    Optional<String> set = expression.set().filter(kind::isOf);
                    if (set.isPresent() && !set.get().equals(sets.getOrDefault(kind, set.get()))) {
                        return Optional.empty();
                    }
                    set.ifPresent(name -> sets.put(kind, name));
                }
            }
        }
        return Optional.of(new GroupSets(sets, boxMark));
    }

    /** The marks of boxes that the rule compares with or sets. */
    private static List<Integer> boxMarks(Rule rule) {
        return rule.expressions().stream()
                .flatMapToInt(expression -> expression.number().stream())
                .filter(ConnectionMark.BOX::isOf)
                .boxed()
                .toList();
    }

    /** Whether the others differ in nothing but the mark, which each application changes with the sets. */
    boolean isOtherMarkOf(GroupSets others) {
        return byKind.equals(others.byKind) && boxMark != others.boxMark;
    }

    boolean isEmpty() {
        return byKind.isEmpty();
    }

    Optional<String> names() {
        return Optional.ofNullable(byKind.get(Kind.NAMES));
    }

    /** The set whose name tells which budgets the group has; empty where it has none. */
    Optional<String> budgets() {
        return Optional.ofNullable(byKind.get(Kind.BUDGETED_IPV4));
    }

    Optional<String> budgetedNames() {
        return Optional.ofNullable(byKind.get(Kind.BUDGETED_NAMES));
    }

    /** The ports of names to which QUIC passes. */
    Optional<String> quicNames() {
        return Optional.ofNullable(byKind.get(Kind.QUIC_NAMES));
    }

    Optional<String> tlsNames() {
        return Optional.ofNullable(byKind.get(Kind.TLS_NAMES));
    }

    /** Whether the kernel holds just these three chains. */
    boolean makeUp(List<Rule> established, List<Rule> sending, List<Rule> receiving) {
        return matches(established(), established) && matches(sending(), sending) && matches(receiving(), receiving);
    }

    /** The rules of the chain that packets of connections are asked about before all else. */
    List<String> establishedRules() {
        return established().stream().map(Line::text).toList();
    }

    /** The rules of the chain of what the agents send. */
    List<String> sendingRules() {
        return sending().stream().map(Line::text).toList();
    }

    /** The rules of the chain of what is sent to the agents. */
    List<String> receivingRules() {
        return receiving().stream().map(Line::text).toList();
    }

    /**
     * What a mark that is still known stands for has not changed since the connection got it: the sets never change, and with
     * other sets comes another mark. Related packets (errors by ICMP) are of no connection's state, though they have its mark.
     */
    private List<Line> established() {
        List<Line> lines = new ArrayList<>();
        if (boxMark != 0) {
            lines.add(new Line(
                    "ct state established ct direction original ct mark " + Integer.toUnsignedString(boxMark)
                            + " accept",
                    "",
                    boxMark,
                    ACCEPT));
            String beginning = "ct state established ct direction original ";
            names().ifPresent(set -> {
                quicNames()
                        .ifPresent(quic -> lines.add(
                                new Line("meta l4proto udp " + beginning + marked(quic, ACCEPT).text, quic, ACCEPT)));
                lines.add(new Line("meta l4proto udp " + beginning + marked(set, UNLESS_QUIC).text, set, UNLESS_QUIC));
                lines.add(new Line(beginning + marked(set, ACCEPT).text, set, ACCEPT));
            });
        }
        return lines;
    }

    /** Answers of an agent are looked up as what they answer was: there are none any more where that was taken back. */
    private List<Line> sending() {
        List<Line> lines = new ArrayList<>();
        // First: a connection that began intercepted stays so, though a box or another name opens its address.
        tlsNames().ifPresent(set -> lines.add(marked(set, INTERCEPT)));
        lookUpAndMark(lines, Kind.EGRESS_IPV4, "ct direction original ip daddr . meta l4proto . th dport");
        lookUpAndMark(lines, Kind.EGRESS_IPV6, "ct direction original ip6 daddr . meta l4proto . th dport");
        lookUp(lines, Kind.INGRESS_IPV4, "ct direction reply ip daddr . meta l4proto . th sport");
        lookUp(lines, Kind.INGRESS_IPV6, "ct direction reply ip6 daddr . meta l4proto . th sport");
        if (names().isPresent() || budgetedNames().isPresent()) {
            lines.add(mark(Names.RESOLVED));
        }
        quicNames().ifPresent(set -> lines.add(new Line("meta l4proto udp " + marked(set, ACCEPT).text, set, ACCEPT)));
        names().ifPresent(set -> {
            lines.add(new Line("meta l4proto udp " + marked(set, UNLESS_QUIC).text, set, UNLESS_QUIC));
            lines.add(marked(set, ACCEPT));
        });
        // What a rule without a budget lets pass is charged to none; each packet is looked up here for as long as none
        // does.
        budgetedNames().ifPresent(set -> {
            lines.add(new Line("meta l4proto udp " + marked(set, UNLESS_QUIC).text, set, UNLESS_QUIC));
            lines.add(marked(set, ACCEPT));
        });
        charge(lines, Kind.BUDGETED_IPV4, "ct direction original ct mark set ip daddr . meta l4proto . th dport");
        charge(lines, Kind.BUDGETED_IPV6, "ct direction original ct mark set ip6 daddr . meta l4proto . th dport");
        tlsNames().ifPresent(set -> {
            lines.add(mark(Names.INTERCEPTED));
            lines.add(marked(set, INTERCEPT));
        });
        lines.add(new Line("goto " + Names.REFUSE, "", REFUSE));
        return lines;
    }

    private static Line mark(String map) {
        return new Line("ct mark set iifname . ip daddr . meta l4proto . th dport map @" + map, map, GOES_ON);
    }

    private static Line marked(String set, Verdict verdict) {
        String words = verdict.equals(ACCEPT)
                ? "accept"
                : (verdict.code() == Verdict.JUMP ? "jump " : "goto ") + verdict.chain();
        return new Line("ct mark . meta l4proto . th dport @" + set + " " + words, set, verdict);
    }

    private List<Line> receiving() {
        List<Line> lines = new ArrayList<>();
        lookUp(lines, Kind.INGRESS_IPV4, "ct direction original ip saddr . meta l4proto . th dport");
        lookUp(lines, Kind.INGRESS_IPV6, "ct direction original ip6 saddr . meta l4proto . th dport");
        lookUp(lines, Kind.EGRESS_IPV4, "ct direction reply ip saddr . meta l4proto . th sport");
        lookUp(lines, Kind.EGRESS_IPV6, "ct direction reply ip6 saddr . meta l4proto . th sport");
        charge(lines, Kind.BUDGETED_IPV4, "ct direction reply ct mark set ip saddr . meta l4proto . th sport");
        charge(lines, Kind.BUDGETED_IPV6, "ct direction reply ct mark set ip6 saddr . meta l4proto . th sport");
        lines.add(new Line("goto " + Names.REFUSE, "", REFUSE));
        return lines;
    }

    /** A connection that a name let pass keeps that name's mark, and so goes on where the box is taken back. */
    private void lookUpAndMark(List<Line> lines, Kind kind, String what) {
        if (boxMark == 0) {
            lookUp(lines, kind, what);
            return;
        }
        if (names().isPresent() || tlsNames().isPresent()) {
            lookUp(lines, kind, "ct mark != 0 ct mark & " + ConnectionMark.BOX.bit() + " == 0 " + what);
        }
        String set = byKind.get(kind);
        if (set != null) {
            String text = "%s @%s ct mark set %s accept".formatted(what, set, Integer.toUnsignedString(boxMark));
            lines.add(new Line(text, set, boxMark, ACCEPT));
        }
    }

    /** The mark is what the connection is charged by, later in its packets' way. */
    private void charge(List<Line> lines, Kind kind, String what) {
        String map = byKind.get(kind);
        if (map != null) {
            lines.add(new Line(what + " map @" + map + " accept", map, ACCEPT));
        }
    }

    private void lookUp(List<Line> lines, Kind kind, String what) {
        String set = byKind.get(kind);
        if (set != null) {
            lines.add(new Line(what + " @" + set + " accept", set, ACCEPT));
        }
    }

    private static boolean matches(List<Line> lines, List<Rule> rules) {
        if (lines.size() != rules.size()) {
            return false;
        }
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).matches(rules.get(i))) {
                return false;
            }
        }
        return true;
    }
}
