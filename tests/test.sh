#!/usr/bin/env bash
# What `make test` runs, in the container made for it; arguments go to pytest. Three phases, because asynchronous tests
# cannot run once Playwright has its own event loop in the process, and because files that wait for each other's load
# to end would measure that. A file is never shared out: its tests have one deployment in common.
set -uo pipefail

# Most of the time is waiting for containers, so more workers than the two cores that CI has.
readonly WORKERS=4
worst=0

# phase NAME OPTION...: run the tests of that phase, unless an earlier one has failed and `-x` says to stop then.
phase() {
  local code=0
  pytest -c tests/pytest.ini --rootdir . --phase "$@" || code=$?
  [ "$code" -ne 5 ] || return 0 # no test of this phase was asked for
  [ "$code" -eq 0 ] || worst=$code
  [ "$code" -ne 2 ] || exit 2 # interrupted, or stopped by -x
}

phase unit "$@"
phase deployment --numprocesses "$WORKERS" --dist loadfile "$@"
phase alone "$@"
exit "$worst"
