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
at_least() { printf '%s\n' "$1" "${2#v}" | sort -C -V; }

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

# need_engine: fail unless a Docker client and its Engine answer, and say why they do not. Nothing is installed or started.
need_engine() {
  local answer
  use_working_docker || fail "no 'docker' with Compose $MIN_COMPOSE or later and buildx was found." "make up"
  ! answer=$(docker version --format '{{.Server.Version}}' 2>&1) || return 0
  answer=${answer##*$'\n'}
  if [[ $answer == *"permission denied"* ]]; then
    fail "the user $(id -un) may not use Docker: $answer" "sudo usermod -aG docker $(id -un), then log out and in again"
  elif [ -n "${DOCKER_HOST:-}" ]; then
    fail "the Docker Engine at DOCKER_HOST=$DOCKER_HOST does not answer: $answer" \
      "start it there, or unset DOCKER_HOST to use this machine's"
  elif [ "$(id -u)" = 0 ]; then
    fail "Docker does not answer: $answer" "make up, which starts it"
  fi
  fail "Docker does not answer: $answer" "start it: sudo systemctl start docker, or open Docker Desktop"
}

# With userns-remap, root in a container is another user of the host, to whom the Engine's socket does not belong.
refuse_userns_remap() {
  [[ $(docker info --format '{{.SecurityOptions}}') != *name=userns* ]] ||
    fail "the Docker Engine runs with userns-remap, so neither the hub nor make could use it from a container." \
      "remove userns-remap from /etc/docker/daemon.json, restart Docker, then run: make up"
}

# Settings as Compose reads them: from the shell, then from .env. No file of Compose's is read, because one may be bad.
export_settings() {
  local lines name value
  [ -e .env ] || fail "the file .env is missing in $PWD." "copy it from where you cloned the repository, or run: git checkout .env"
  lines=$(docker compose --project-directory . --file - config 2>&1 <<'YAML'
services: {}
x-BASE_IMAGE: ${BASE_IMAGE:-debian:trixie-slim}
x-COMPOSE_PROJECT_NAME: ${COMPOSE_PROJECT_NAME}
x-DOCKER_SOCKET: ${DOCKER_SOCKET:-/var/run/docker.sock}
x-LANGUAGE_PACKS: ${LANGUAGE_PACKS:-}
x-WITH_COMPILER: ${WITH_COMPILER:-false}
YAML
  ) || refuse_settings "$lines"
  while read -r name value; do
    export "$name=$value"
  done < <(sed -n 's/^x-\([A-Z_]*\): "\{0,1\}\([^"]*\)"\{0,1\}$/\1 \2/p' <<<"$lines")
}

# refuse_settings WORDS: fail with what Compose says of .env and the shell's settings.
refuse_settings() {
  [[ $1 != *"invalid project name"* ]] || fail "COMPOSE_PROJECT_NAME (.env or the shell) cannot be used: $1" \
    "set it to lower-case letters, digits, dashes and underscores, beginning with a letter or a digit"
  fail "Compose cannot read the settings: $1" "correct .env, or what the shell sets"
}

# image_of NAME: the name of an image of ours: `host` is the program host/, `proxy-base` the proxy without its pair, `user` the
# default notebook image, and others are those of folders of examples/.
image_of() { echo "$COMPOSE_PROJECT_NAME-$1"; }

# build_image NAME ARGUMENT...: build it; the arguments are those of `docker build`.
build_image() {
  docker build --quiet --tag "$(image_of "$1")" --label "com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
    --build-arg BASE_IMAGE --secret "id=ca_bundle,src=$CA_BUNDLE" "${@:2}" >/dev/null
}

build_host() { build_image host --file Dockerfile.jupyterhub --target host .; }

# What the check of the TLS pair asks.
build_proxy_base() { build_image proxy-base --file Dockerfile.jupyterhub --target proxy-base .; }

# Remove the images of this deployment that a build has replaced: they have no name any more. The Engine keeps one that a
# container still has.
remove_replaced() {
  local id
  docker image ls --quiet --filter dangling=true --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" |
    while read -r id; do docker image rm "$id" >/dev/null 2>&1 || true; done
}

# in_hub COMMAND...: run it in the hub's container.
in_hub() {
  local running
  need_engine
  running=$(docker compose ps --services --status running) || exit 1
  grep -qx hub <<<"$running" || fail "the hub does not run." "make up"
  docker compose exec -T hub "$@"
}

# debian_sources SUITE: apt source lines for another Debian suite at the mirror (and the security mirror) that this
# machine already uses; nothing where it is not Debian.
debian_sources() {
  # shellcheck source=/dev/null disable=SC2016 # apt-get fills in $(REPO_URI)
  (. /etc/os-release && [ "$ID" = debian ] && apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    sort -u | sed -n "s#^\\([^ ]*\\) ${VERSION_CODENAME:-none}\\(-security\\)\\{0,1\\}\$#deb \\1 $1\\2 main#p")
}

# added_authorities [FOLDER...]: the certificates of authorities that the administrator of this machine added to those of its system: in Debian's,
# Fedora's, Arch's and SUSE's folders for them, or in those given.
added_authorities() {
  [ $# -gt 0 ] || set -- /usr/local/share/ca-certificates /etc/pki/ca-trust/source/anchors \
    /etc/ca-certificates/trust-source/anchors /etc/pki/trust/anchors
  find -L "$@" -type f -exec awk 1 {} + 2>/dev/null || true
}

# Else tar on macOS adds a file ._NAME for each file that has attributes of its own.
export COPYFILE_DISABLE=1

# The extra certificate authorities that builds trust, for networks that re-sign TLS: the host's own bundle.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem /dev/null; do
  [ ! -e "$bundle" ] || break
done
export CA_BUNDLE="${CA_BUNDLE:-$bundle}"
use_working_docker || true
