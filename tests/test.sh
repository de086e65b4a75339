#!/usr/bin/env bash
# What `make test` runs, in the container made for it; arguments go to pytest. There are three phases: asynchronous tests
# cannot run once Playwright has its own event loop in their process, and tests that measure time have to run alone.
# All tests of a file run in one worker, because they share a deployment.
set -uo pipefail

# More than the two cores that CI has: while one waits for a container, another computes. Measured: docs/development.md.
readonly WORKERS=4
worst=0

# phase NAME OPTION...: run the tests of that phase.
phase() {
  local code=0
  pytest -c tests/pytest.ini --rootdir . --phase "$@" || code=$?
  case $code in
    0 | 5) return ;; # 5: no test of this phase was asked for
    2) exit 2 ;; # interrupted
  esac
  worst=$code
  [[ " $* " != *" -x "* ]] || exit "$worst"
}

phase unit --numprocesses logical "$@"
phase deployment --verbose --numprocesses "$WORKERS" --dist loadfile --no-loadscope-reorder "$@"
phase alone --verbose "$@"
exit "$worst"
