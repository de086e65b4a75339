# Recompiles the locks; scripts/lock sends the few files it needs as context and takes the result. No image is kept.
# (No syntax line: it would fetch a frontend from a registry.)
ARG BASE_IMAGE=debian:trixie-slim

# --- Python: requirements.in -> requirements.txt
FROM ${BASE_IMAGE} AS python
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3-venv \
 && rm -rf /var/lib/apt/lists/*
ARG UV_VERSION=0.13.9
RUN --mount=type=secret,id=ca_bundle \
    if [ -s /run/secrets/ca_bundle ]; then export PIP_CERT=/run/secrets/ca_bundle; fi \
 && python3 -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir "uv==$UV_VERSION"

FROM python AS python-locks
WORKDIR /src
COPY . .
ARG UPGRADE=
# Every lock leaves out, so that its packages are installed with --no-deps:
# - rfc3987-syntax, which compiles a grammar at every start (0.9 s of the hub's 1.9 s, 0.6 s of a server's), and its lark.
#   jsonschema then does not check the formats "iri" and "iri-reference", which Jupyter does not use.
# - aiodns and its pycares: with them, aiohttp keeps an address for the 600 s that Docker's DNS allows, and neither a
#   server nor the hub finds what came back with another one.
RUN --mount=type=secret,id=ca_bundle <<'SH'
set -eu
if [ -s /run/secrets/ca_bundle ]; then export SSL_CERT_FILE=/run/secrets/ca_bundle; fi
# In this order: a folder further below takes the versions of those above as they are.
for directory in hub tests singleuser singleuser/* examples/* examples/*/*; do
  [ -e "$directory/requirements.in" ] || continue
  set --
  [ ! -e "$directory/excludes.txt" ] || set -- --excludes excludes.txt
  UV_CUSTOM_COMPILE_COMMAND='make lock' \
    /opt/uv/bin/uv --directory "$directory" pip compile --quiet --python-version 3.13 --python-platform linux \
    --generate-hashes --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} "$@" \
    --no-emit-package rfc3987-syntax --no-emit-package lark --no-emit-package aiodns --no-emit-package pycares \
    --output-file requirements.txt requirements.in
  mkdir -p "/locks/$directory"
  cp "$directory/requirements.txt" "/locks/$directory/"
done
SH

# --- npm: package.json -> package-lock.json
FROM ${BASE_IMAGE} AS npm
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates npm \
 && rm -rf /var/lib/apt/lists/*

FROM npm AS npm-locks
WORKDIR /src
COPY . .
ARG UPGRADE=
RUN --mount=type=secret,id=ca_bundle <<'SH'
set -eu
if [ -s /run/secrets/ca_bundle ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca_bundle; fi
mkdir -p /locks
for directory in proxy tests/lint tests/servers/*; do
  [ -e "$directory/package.json" ] || continue
  [ -z "$UPGRADE" ] || rm -f "$directory/package-lock.json"
  npm --prefix "$directory" install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund
  mkdir -p "/locks/$directory"
  cp "$directory/package-lock.json" "/locks/$directory/"
done
SH

FROM scratch
COPY --from=python-locks /locks /
COPY --from=npm-locks /locks /
