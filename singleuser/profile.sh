# shellcheck shell=sh
# A login shell keeps the PATH of its container, which /etc/profile has replaced.
path=$(tr '\0' '\n' <"/proc/$$/environ" | sed -n 's/^PATH=//p')
[ -z "$path" ] || PATH=$path
unset path
