#!/bin/sh
# Make a private certificate authority, once, and a certificate for the addresses that the container has now; then serve.
set -eu

names=IP:$(hostname -i | tr -s ' ' '\n' | head -n 1),DNS:$(hostname)${ALIAS:+,DNS:$ALIAS}
mkdir -p /ca
cd /ca
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1" 2>/dev/null; }

if [ ! -e ca.crt ]; then
  new_key ca.key
  openssl req -x509 -new -key ca.key -days 30 -subj "/CN=Authority of the tests" -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
fi
new_key server.key
openssl req -new -key server.key -subj "/CN=github" -out server.csr
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "$names" >extensions
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile extensions \
  -out server.crt 2>/dev/null

# The server's end is not the container's, which would lose its address to the next one that starts.
while true; do
  python3 /srv/github/server.py || true
  while [ -e /ca/killed ]; do sleep 0.1; done
done
