#!/bin/bash
# Run a command as NB_USER: when started as root, with the numbers NB_UID and NB_GID, and with sudo where GRANT_SUDO says so.
set -euo pipefail
yes() { [ "${1:-}" = yes ] || [ "${1:-}" = 1 ]; }

if [ "$(id -u)" != 0 ]; then
  if yes "${GRANT_SUDO:-}"; then
    echo "start.sh: sudo can only be granted to a container that starts as root" >&2
  fi
  exec "$@"
fi

if [ "$NB_USER" != jovyan ]; then
  usermod --login "$NB_USER" --home "/home/$NB_USER" jovyan
  cp --archive /home/jovyan/. "/home/$NB_USER"
  cd "/home/$NB_USER"
fi
if [ "$(id -g "$NB_USER")" != "$NB_GID" ]; then
  groupadd --force --non-unique --gid "$NB_GID" "$NB_USER"
  usermod --gid "$NB_GID" "$NB_USER"
fi
usermod --uid "$NB_UID" "$NB_USER" >/dev/null
if yes "${CHOWN_HOME:-}"; then
  chown "$NB_UID:$NB_GID" "/home/$NB_USER"
fi
if [ -n "${CHOWN_EXTRA:-}" ]; then
  tr , '\n' <<<"$CHOWN_EXTRA" | xargs -d '\n' chown "$NB_UID:$NB_GID"
fi
if yes "${GRANT_SUDO:-}"; then
  echo "$NB_USER ALL=(ALL) NOPASSWD:ALL" >/etc/sudoers.d/granted
fi
exec sudo --preserve-env --set-home --user "$NB_USER" PATH="$PATH" "$@"
