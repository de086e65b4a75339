# shellcheck shell=bash
# What the scripts share: messages, a Docker client that works, and the settings as Compose itself reads them.

say() { printf '==> %s\n' "$*" >&2; }

# fail WHAT CURE: what was expected and found, then what to do about it.
fail() {
  printf 'FAIL: %s\n      To mend it: %s\n' "$1" "$2" >&2
  exit 1
}

# A client without the Compose plugin may lie earlier on PATH: put the first one that has Compose v2 in front.
use_working_docker() {
  local candidate
  while read -r candidate; do
    if "$candidate" compose version >/dev/null 2>&1 && "$candidate" buildx version >/dev/null 2>&1; then
      PATH="$(dirname "$candidate"):$PATH"
      return 0
    fi
  done < <(type -ap docker)
  return 1
}

# setting NAME: its value with the shell's environment before .env, because Compose does the reading. Only for the
# names under `x-host` in docker-compose.yml, or an overlay's own, which are plain words: see there.
setting() {
  docker compose config 2>/dev/null | sed -n "/^x-host:/,\$s/^  $1: \"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p"
}

# value NAME DEFAULT: the same for a name that chooses which files Compose reads, so it has to be known before.
value() {
  # shellcheck disable=SC2016 # Compose reads the variable
  printf 'x-value: ${%s:-%s}\n' "$1" "$2" | docker compose --project-directory . --file - config 2>/dev/null |
    sed -n 's/^x-value: "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p'
}

# servers_start_as_root: whether the settings say so; hub/servers/server_user.py does it.
servers_start_as_root() {
  case "$(setting NB_UID)$(setting NB_GID)$(setting GRANT_SUDO)" in
    "" | false | False | FALSE | no | No | 0 | off) return 1 ;;
  esac
}

# user_of IMAGE: the number of the user that it runs a command as, after it has started as root with NB_UID.
user_of() {
  docker run --rm --init --pull never --network none --user root --env NB_UID="$(setting NB_UID)" "$1" id -u </dev/null | tail -n 1
}

# in_hub COMMAND...: run it in the hub's container.
in_hub() {
  docker compose ps --services --status running 2>/dev/null | grep -qx hub ||
    fail "the hub does not run." "start it: make up"
  docker compose exec -T hub "$@"
}

# checker_image: build the hub without userlist and profiles, which checks and reads what people write; print its name.
checker_image() {
  local project image
  project=$(setting COMPOSE_PROJECT_NAME)
  image="$project-hub:check"
  docker build --quiet --label com.docker.compose.project="$project" --target hub-base --tag "$image" --file Dockerfile.jupyterhub \
    --build-arg BASE_IMAGE="$(setting BASE_IMAGE)" --secret id=ca_bundle,src="$CA_BUNDLE" . >/dev/null || return
  echo "$image"
}

# notebook_images: every image that a server may be started from, one a line: that of .env, then those of profiles.yaml.
notebook_images() {
  local image checker profiles=
  image=$(setting DOCKER_NOTEBOOK_IMAGE)
  if [ -f profiles.yaml ]; then
    checker=$(checker_image) || return
    profiles=$(docker run --rm --interactive --network none "$checker" python -m hub.check images <profiles.yaml) || return
  fi
  printf '%s\n' "$image" "$profiles" | awk 'NF && !seen[$0]++'
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
