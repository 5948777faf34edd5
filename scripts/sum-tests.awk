# Sums what `cargo test` printed: names each failing test and each runner that died, then `N passed, N failed`.
# Give cargo's exit status as -v status=N: what failed without a line of its own (a compile error, a killed runner)
# counts as one failure, and the exit status is 0 only if cargo's was and at least one test ran.

# A runner announces itself and closes with its result: one that is announced while another is open buries a dead one.
/^ +(Running|Doc-tests) / { bury(); runner = $0; sub(/^ +/, "", runner) }
/^test result: / { runner = ""; passed += $4; failed += $6 }
/^test .* \.\.\. FAILED$/ { names[++named] = substr($0, 6, length($0) - 16) }

END {
  if (status != 0) {
    bury()
    for (i = 1; i <= named; i++) print "failed: " names[i]
    for (i = 1; i <= dead; i++) { print "ended without a result: " runners[i]; failed++ }
    if (failed == 0) { print "cargo test ended with status " status; failed = 1 }
  }
  if (passed + failed == 0) { print "no test ran"; status = 1 }
  printf "%d passed, %d failed\n", passed, failed
  exit(status != 0 || failed != 0)
}

function bury() { if (runner != "") runners[++dead] = runner; runner = "" }
