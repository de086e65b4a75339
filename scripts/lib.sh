# shellcheck shell=bash
# What the scripts share: messages, a Docker client that works, and the Compose file of host/.

# Compose: an `env_file` that may be missing needs 2.24. Engine: `start_interval` of a healthcheck needs 25.
# shellcheck disable=SC2034 # scripts/engine uses the second
readonly MIN_COMPOSE=2.24 MIN_ENGINE=25

say() { printf '==> %s\n' "$*" >&2; }

# fail WHAT FIX: what is wrong, then what to do about it.
fail() {
  printf 'FAIL: %s\n      Fix: %s\n' "$1" "$2" >&2
  exit 1
}

# at_least MINIMUM VERSION
at_least() { printf '%s\n' "$1" "${2#v}" | sort --check=quiet --version-sort; }

# A client without buildx or with an old Compose may be first on PATH: put the first one that works in front.
use_working_docker() {
  local candidate
  while read -r candidate; do
    if at_least "$MIN_COMPOSE" "$("$candidate" compose version --short 2>/dev/null || echo 0)" &&
      "$candidate" buildx version >/dev/null 2>&1; then
      PATH="$(dirname "$candidate"):$PATH"
      return 0
    fi
  done < <(type -ap docker)
  return 1
}

# compose_host ARGUMENT...: Compose with the file of host/ alone; it knows nothing of the deployment's containers.
compose_host() {
  COMPOSE_IGNORE_ORPHANS=true docker compose --project-directory . --file host/docker-compose.yml "$@"
}

# image_of host|user|base: the name of an image that host/docker-compose.yml describes.
image_of() { compose_host config --images "$1"; }

# in_hub COMMAND...: run it in the hub's container.
in_hub() {
  docker compose ps --services --status running 2>/dev/null | grep -qx hub ||
    fail "the hub does not run." "make up"
  docker compose exec -T hub "$@"
}

# The extra certificate authorities that builds trust, for networks that re-sign TLS: the host's own bundle.
default_ca_bundle() {
  local bundle
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -f "$bundle" ]; then
      echo "$bundle"
      return
    fi
  done
  echo /dev/null
}

# debian_sources SUITE: apt source lines for another Debian suite at the mirror (and the security mirror) that this
# machine already uses; nothing where it is not Debian.
debian_sources() {
  # shellcheck source=/dev/null disable=SC2016 # apt-get fills in $(REPO_URI)
  (. /etc/os-release && [ "$ID" = debian ] && apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    sort -u | sed -n "s#^\\([^ ]*\\) ${VERSION_CODENAME:-none}\\(-security\\)\\{0,1\\}\$#deb \\1 $1\\2 main#p")
}

use_working_docker || true
export CA_BUNDLE="${CA_BUNDLE:-$(default_ca_bundle)}"
