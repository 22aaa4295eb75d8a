-- Prints requests, microseconds, bytes read, p50 and p99 in microseconds, failures.
function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format("%d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
