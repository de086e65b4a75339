"""Why a server did not start, in words for its user and for an administrator."""

import html
import re
import shlex
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from jupyterhub.spawner import SpawnException

from hub.settings import gpus

SIGNALLED = 128
COMMAND_LENGTH = 200
# Exit codes that say: the container's command did not start a server.
NO_SERVER = {
    0: "its command does not start a server",
    126: "its command cannot be executed",
    127: "its command is not in the image",
}
IMAGE_CURE = (
    "If JupyterHub is not in the image, or another command starts it, an administrator has to change the image or"
    " DOCKER_SPAWN_CMD. docs/images.md says what an image needs."
)
# What the Engine says when it cannot create or start a container, and what to do.
ENGINE_CURES = {
    r"no such image": "The image was just removed. Start the server again.",
    r"network \S+ not found": "An administrator has to run 'make build'.",
    r"executable file not found|permission denied|exec format error": IMAGE_CURE,
    r"container name .* is already in use": (
        "Another container has the same name. An administrator has to remove that container, or set another "
        "DOCKER_CONTAINER_PREFIX."
    ),
    r"quota size requested but no quota support": (
        "DISK_LIMIT is set, but the Docker host cannot limit the size of a volume. An administrator has to run "
        "'make build', which says how to fix it."
    ),
    **gpus.REFUSALS,
}
LOG_STYLE = "max-height: 24em; white-space: pre-wrap; overflow-wrap: anywhere"


class StartError(SpawnException):
    """A start that failed: the same words on the page of the pending start, on the page after it, and in the API."""

    def __init__(self, label: str, what: str, cure: str = "", log: str = "", status_code: int = 503) -> None:
        """Put the words together.

        Args:
            label: the failure's name in the hub's metrics.
            what: what happened.
            cure: what to do about it.
            log: the last lines of the server's log; the hub's log gets them elsewhere, once.
            status_code: of the answer; JupyterHub's own default, 400, would call the request wrong, and with 500 the
                hub logs every header of it.
        """
        words = f"{what} {cure}".strip()
        # JupyterHub shows SpawnException's own texts on some of its pages and these on others.
        self.jupyterhub_message = f"{words}\n\nThe last lines of the server's log:\n{log}" if log else words
        self.jupyterhub_html_message = _html(what, cure, log)
        super().__init__(
            self.jupyterhub_message,
            reason=label,
            log_message=words,
            message_html=self.jupyterhub_html_message,
            status_code=status_code,
        )


def _html(what: str, cure: str, log: str) -> str:
    parts = [f"<strong>{html.escape(what)}</strong>"]
    if cure:
        parts.append(f"<br>{html.escape(cure)}")
    if log:
        parts.append('<span class="server-log d-block mt-3">The last lines of the server\'s log:</span>')
        parts.append(
            f'<pre class="server-log text-start text-body bg-body-tertiary border rounded p-2" style="{LOG_STYLE}">'
            f"{html.escape(log)}</pre>"
        )
    return "".join(parts)


def cure_of(words: str) -> str:
    """What to do about what the Engine says, if that is known."""
    return next((cure for pattern, cure in ENGINE_CURES.items() if re.search(pattern, words, re.IGNORECASE)), "")


def ended(container: Mapping[str, Any], image: str) -> tuple[str, str]:
    """What happened to a container that ended before it answered, and what to do.

    Args:
        container: what the Engine says of it; empty when it is gone.
        image: its image.
    """
    what = "The server ended before it answered: "
    if not container:
        return f"{what}its container was removed.", "Start it again."
    state = container["State"]
    code = state["ExitCode"]
    if state.get("OOMKilled"):
        return f"{what}its memory ran out.", "An administrator can raise the limit."
    if why := NO_SERVER.get(code):
        return f"{what}{why} (exit code {code}).", command_cure(container, image)
    return f"{what}exit code {code}{_signal(code)}.", ""


def command_cure(container: Mapping[str, Any], image: str) -> str:
    """What to do where the command of a container may be no server at all."""
    config = container["Config"]
    words: Sequence[str] = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    command = shlex.join(words)
    if len(command) > COMMAND_LENGTH:
        command = f"{command[:COMMAND_LENGTH]} …"
    return f"The image {image} was started with the command: {command}. {IMAGE_CURE}"


def _signal(code: int) -> str:
    try:
        return f" ({signal.Signals(code - SIGNALLED).name})"
    except ValueError:
        return ""
