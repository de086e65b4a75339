#!/bin/sh
# Make a private CA (once for this container) and a certificate of it for our name and address, then serve.
set -eu
mkdir -p /ca
cd /ca
address=$(hostname -i)
if [ ! -e ca.crt ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Tests' private CA" \
    -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.crt
fi
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$address" \
  -CA ca.crt -CAkey ca.key -addext basicConstraints=critical,CA:FALSE \
  -addext "subjectAltName=DNS:$(hostname),IP:$address" -keyout server.key -out server.crt
cd /srv/oidc
ISSUER="https://$address:8443" exec node server.js
