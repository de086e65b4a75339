"""GPUs: how they are written, what the Engine is asked for, what its refusals mean."""

import pytest
from docker.types import HostConfig
from pydantic import TypeAdapter, ValidationError

from hub.servers import failures
from hub.settings import gpus

GPUS = TypeAdapter(gpus.Gpus)
ALL = {"Driver": "", "Count": -1, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {}}
UUID = "GPU-fef8089b-4820-abfc-e83e-94318197576e"


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("all", [ALL]),
        ("1", [ALL | {"Count": 1}]),
        (2, [ALL | {"Count": 2}]),
        ("02", [ALL | {"Count": 2}]),
        ("device=0", [ALL | {"Count": 0, "DeviceIDs": ["0"]}]),
        ("device=0,2", [ALL | {"Count": 0, "DeviceIDs": ["0", "2"]}]),
        ('"device=0,2"', [ALL | {"Count": 0, "DeviceIDs": ["0", "2"]}]),  # as the shell wants it of docker run
        (f"device={UUID},MIG-1/2/0,1:0", [ALL | {"Count": 0, "DeviceIDs": [UUID, "MIG-1/2/0", "1:0"]}]),
        ("", []),
        ("0", []),
        (0, []),
    ],
)
def test_what_the_engine_is_asked_for(written: object, asked: list[dict[str, object]]) -> None:
    requests = gpus.device_requests(GPUS.validate_python(written))
    assert HostConfig(version="1.45", device_requests=requests).get("DeviceRequests") == asked


@pytest.mark.parametrize(
    "written",
    [
        "0,2",
        "ALL",
        "none",
        "-1",
        "1.5",
        "device=",
        "device=0,",
        "device=0 2",
        "gpu=1",
        "1000",
        UUID,
        True,
        1.0,
        [0],
        None,
    ],
)
def test_what_is_not_a_choice(written: object) -> None:
    with pytest.raises(ValidationError):
        GPUS.validate_python(written)


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        ('could not select device driver "" with capabilities: [[gpu]]', "install NVIDIA's driver"),
        (
            "failed to create task: … stderr: nvidia-container-cli: device error: 7: unknown device: unknown",
            "correct GPUS in .env",
        ),
    ],
)
def test_a_refusal_is_explained(refusal: str, says: str) -> None:
    assert says in failures.cure_of(refusal)


@pytest.mark.parametrize("refusal", ["", "network jh-network not found", 'exec: "start": executable file not found'])
def test_others_are_not(refusal: str) -> None:
    assert "GPU" not in failures.cure_of(refusal)
