"""The websocket to a kernel that loses the first question on its shell channel."""

import json
import time

from support.deployment import Deployment
from support.kernel import Kernel
from support.servers import running

# Jupyter Server's own connection waits for a minute.
ANSWER_SECONDS = 45
# The real kernel, but for its first message.
LOSES_A_MESSAGE = """
from itertools import count
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import launch_new_instance

hear, heard = IPythonKernel.shell_channel_thread_main, count()

async def lose_the_first(self, message):
    if next(heard):
        await hear(self, message)

IPythonKernel.shell_channel_thread_main = lose_the_first
launch_new_instance()
"""
SPEC = {
    "argv": ["python", "-c", LOSES_A_MESSAGE, "-f", "{connection_file}"],
    "display_name": "Loses a message",
    "language": "python",
}


def test_a_kernel_that_loses_the_first_question_is_asked_again(deployment: Deployment) -> None:
    token = deployment.token()
    with running(deployment, "alice", token) as container:
        folder = "/home/jovyan/.local/share/jupyter/kernels/loses"
        install = f"mkdir -p {folder} && cat >{folder}/kernel.json"
        deployment.docker("exec", "--interactive", container, "sh", "-c", install, stdin=json.dumps(SPEC))
        start = time.monotonic()
        with Kernel(deployment.url, "alice", token, name="loses") as kernel:
            assert kernel.execute("print(6 * 7)").text == "42\n"
            assert time.monotonic() - start < ANSWER_SECONDS
