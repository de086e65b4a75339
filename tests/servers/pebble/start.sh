#!/bin/sh
# Make a private CA for our own address, then serve. What the server signs comes from another one, which it makes itself.
# VALIDITY_SECONDS: of each certificate. Challenges are looked for at the proxy's port in its container.
set -eu
mkdir -p /ca
cd /ca
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc"
# shellcheck disable=SC2086 # several arguments
openssl req -x509 $key -days 30 -subj "/CN=CA of $(hostname)" -addext keyUsage=critical,keyCertSign \
  -keyout ca.key -out ca.crt 2>/dev/null
# shellcheck disable=SC2086
openssl req -x509 $key -days 30 -subj "/CN=$(hostname)" -CA ca.crt -CAkey ca.key \
  -addext basicConstraints=critical,CA:FALSE -addext "subjectAltName=DNS:$(hostname),DNS:localhost" \
  -keyout server.key -out server.crt 2>/dev/null
cat >config.json <<JSON
{"pebble": {
  "listenAddress": "0.0.0.0:14000",
  "managementListenAddress": "0.0.0.0:15000",
  "certificate": "/ca/server.crt",
  "privateKey": "/ca/server.key",
  "httpPort": 8080,
  "tlsPort": 8443,
  "retryAfter": {"authz": 1, "order": 1},
  "certificateValidityPeriod": $VALIDITY_SECONDS
}}
JSON
# It would wait up to 15 s before each look, refuse some nonces, and take a validation of before for a new one.
export PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0
exec pebble -config config.json
