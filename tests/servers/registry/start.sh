#!/bin/sh
# Both end with the container.
set -eu
docker-registry serve /registry/registry.yml &
exec nginx -c /registry/nginx.conf -g 'daemon off; error_log /dev/stderr;'
