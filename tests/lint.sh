#!/usr/bin/env bash
# What `make lint` runs, in the container made for it and in the repository's root: every check on every file, each
# failure with the file's name, exit code 1 if there was any.
set -euo pipefail
shopt -s globstar nullglob

failed=()

# check NAME COMMAND...: run the command, and remember the name if it fails.
check() {
  local name=$1
  shift
  "$@" || failed+=("$name")
}

# Compose wants the files that services take their environment from; `make up` makes them, a clean clone has none.
make_env_files() {
  local files
  mapfile -t files < <(sed -nE 's#.*[^a-z](secrets/[a-z-]+\.env).*#\1#p' docker-compose.yml examples/*/*.yml)
  touch "${files[@]}"
}

check "ruff check" ruff check --quiet --no-cache .
check "ruff format --check" ruff format --quiet --check --no-cache .
check "pyright" pyright --level warning
check "eslint" eslint --max-warnings 0 --config tests/lint/eslint.config.js .

for file in **/Dockerfile* **/*.Dockerfile; do
  [[ $file == *.dockerignore ]] || check "hadolint $file" hadolint "$file"
done

mapfile -t scripts < <(grep -rlE '^#!.*\<(ba|da)?sh$|^# shellcheck shell=' --exclude-dir=.git .)
for file in "${scripts[@]}"; do
  check "shellcheck $file" shellcheck --external-sources "$file"
done

make_env_files
check "docker compose config docker-compose.yml" docker compose --file docker-compose.yml config --quiet
for file in examples/*/docker-compose*.yml; do
  check "docker compose config $file" docker compose --file docker-compose.yml --file "$file" config --quiet
done

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'FAIL: %s\n' "${failed[@]}" >&2
  exit 1
fi
