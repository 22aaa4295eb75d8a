/**
 * Reads tar archives of strangers. In: a stream. Out: entries one after the other. No archive makes it keep more than a few
 * mebibytes in memory, whatever its headers say; what entries are called and lead to is for the reader to judge.
 */
@NullMarked
package dev.agentcontainers.nodeagent.image.tar;

import org.jspecify.annotations.NullMarked;
