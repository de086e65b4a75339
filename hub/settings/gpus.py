"""GPUs: how they are written, what the Engine is asked for, and what its refusals mean."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

DEVICES = "device="

# What the Engine says, and what to do: the first comes from the Engine itself, which knows no driver, the second from
# NVIDIA's toolkit (https://github.com/NVIDIA/nvidia-docker/issues/1283).
REFUSALS = {
    r"could not select device driver .* with capabilities: \[\[gpu": (
        "This server wants a GPU, and the Docker host has none that Docker can hand out: an administrator has to "
        "install NVIDIA's driver and its Container Toolkit there, or to take GPUS out of .env and gpus out of "
        "profiles.yaml."
    ),
    r"nvidia-container-cli: device error: .*unknown device": (
        "This server wants a GPU that the Docker host does not have: an administrator has to correct GPUS in .env, or "
        "gpus in profiles.yaml; 'nvidia-smi -L' on the host shows what there is."
    ),
}


def _gpus(value: object) -> str:
    """The one way to write each choice; none is an empty text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError
    text = str(value).strip(" \"'")
    if not re.fullmatch(rf"|all|\d{{1,3}}|{DEVICES}[A-Za-z0-9/:-]+(,[A-Za-z0-9/:-]+)*", text):
        raise ValueError
    if text.isdecimal():
        return str(int(text)) if int(text) else ""
    return text


# As behind `docker run --gpus`: a number is how many, and only behind `device=` is it which one.
Gpus = Annotated[
    str,
    BeforeValidator(_gpus),
    Field(description="all, a number such as 1, device=0,2 with the numbers or UUIDs of nvidia-smi -L, or 0 for none"),
]


def device_requests(gpus: str) -> list[dict[str, object]]:
    """What the Engine is asked for, as docker.types.DeviceRequest takes it; empty without GPUs."""
    if not gpus:
        return []
    if gpus.startswith(DEVICES):
        return [{"device_ids": gpus.removeprefix(DEVICES).split(","), "capabilities": [["gpu"]]}]
    return [{"count": -1 if gpus == "all" else int(gpus), "capabilities": [["gpu"]]}]


def in_words(gpus: str) -> str:
    """`2 GPUs`; empty for none."""
    if not gpus or gpus == "all":
        return "all GPUs" if gpus else ""
    number = len(gpus.split(",")) if gpus.startswith(DEVICES) else int(gpus)
    return f"{number} GPU{'s' if number > 1 else ''}"
