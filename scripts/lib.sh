# shellcheck shell=bash
# What the scripts share: messages, a Docker client that works, and the images that Compose does not build.

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

# A client without buildx or with an old Compose may be first on PATH: put the first one that works in front, and export
# the settings that scripts need. Scripts that are called afterwards find both there.
use_working_docker() {
  [ -z "${WORKING_DOCKER:-}" ] || return 0
  local candidate plugins
  while read -r candidate; do
    plugins=$("$candidate" info --format '{{range .ClientInfo.Plugins}}{{println .Name .Version}}{{end}}' 2>/dev/null) || true
    if at_least "$MIN_COMPOSE" "$(sed -n 's/^compose //p' <<<"$plugins")" && grep -q '^buildx ' <<<"$plugins"; then
      export PATH="${candidate%/*}:$PATH" WORKING_DOCKER=$candidate
      export_settings
      return 0
    fi
  done < <(type -ap docker)
  return 1
}

# Settings as Compose reads them: from the shell, then from .env. No file of Compose's is read, because one may be bad.
export_settings() {
  local lines name value
  lines=$(docker compose --project-directory . --file - config <<'YAML'
services: {}
x-BASE_IMAGE: ${BASE_IMAGE:-debian:trixie-slim}
x-COMPOSE_PROJECT_NAME: ${COMPOSE_PROJECT_NAME}
x-DOCKER_SOCKET: ${DOCKER_SOCKET:-/var/run/docker.sock}
x-LANGUAGE_PACKS: ${LANGUAGE_PACKS:-}
x-WITH_COMPILER: ${WITH_COMPILER:-false}
YAML
  ) || exit 1
  while read -r name value; do
    export "$name=$value"
  done < <(sed -n 's/^x-\([A-Z_]*\): "\{0,1\}\([^"]*\)"\{0,1\}$/\1 \2/p' <<<"$lines")
}

# image_of NAME: the name of an image of ours: `host` is the program host/, `user` the default notebook image, and others
# are those of folders of examples/.
image_of() { echo "$COMPOSE_PROJECT_NAME-$1"; }

# build_image NAME ARGUMENT...: build it; the arguments are those of `docker build`.
build_image() {
  docker build --quiet --tag "$(image_of "$1")" --label "com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
    --build-arg BASE_IMAGE --secret "id=ca_bundle,src=$CA_BUNDLE" "${@:2}" >/dev/null
}

build_host() { build_image host --file Dockerfile.jupyterhub --target host .; }

# in_hub COMMAND...: run it in the hub's container.
in_hub() {
  docker compose ps --services --status running 2>/dev/null | grep -qx hub ||
    fail "the hub does not run." "make up"
  docker compose exec -T hub "$@"
}

# debian_sources SUITE: apt source lines for another Debian suite at the mirror (and the security mirror) that this
# machine already uses; nothing where it is not Debian.
debian_sources() {
  # shellcheck source=/dev/null disable=SC2016 # apt-get fills in $(REPO_URI)
  (. /etc/os-release && [ "$ID" = debian ] && apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    sort -u | sed -n "s#^\\([^ ]*\\) ${VERSION_CODENAME:-none}\\(-security\\)\\{0,1\\}\$#deb \\1 $1\\2 main#p")
}

# The extra certificate authorities that builds trust, for networks that re-sign TLS: the host's own bundle.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem /dev/null; do
  [ ! -e "$bundle" ] || break
done
export CA_BUNDLE="${CA_BUNDLE:-$bundle}"
use_working_docker || true
