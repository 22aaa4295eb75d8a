/**
 * The JDK's AOT caches (JEP 483, 514, 515) of the programs that are started often. In: a program. Out: a file that the JVM
 * takes its loaded and linked classes from, made by a rehearsed start that needs no cluster. Never a reason not to start: a
 * program without a cache starts as well, only slower.
 */
@NullMarked
package dev.agentcontainers.startcache;

import org.jspecify.annotations.NullMarked;
