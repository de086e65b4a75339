"""The helpers themselves: a person's browser and a program's kernel see the same deployment."""

from collections.abc import Callable

from playwright.sync_api import Page
from testinfra.host import Host

from support.browser import run_cell, sign_in, sign_out, wait_for_lab
from support.deployment import Deployment
from support.kernel import Kernel
from support.load import HttpLoad, KernelLoad


def test_browser_kernel_and_load_reach_a_server(
    deployment: Deployment, container_host: Callable[[str], Host], page: Page
) -> None:
    sign_in(page, deployment.url, "alice", deployment.password("alice"))
    wait_for_lab(page)
    assert run_cell(page, "for i in range(2):\n    print(i)\n6 * 7") == "0\n1\n42"

    server = container_host(deployment.container("alice"))
    assert server.file("/home/jovyan/work").is_directory

    token = deployment.token()
    with Kernel(deployment.url, "alice", token) as kernel:
        assert kernel.execute("print('a'); 6 * 7").text == "a\n42"
        with (
            KernelLoad(kernel) as executions,
            HttpLoad(f"{deployment.url}/user/alice/api", token) as requests,
        ):
            executions.wait_for(20)
            requests.wait_for(20)
    assert (executions.counts.failed, requests.counts.failed) == (0, 0)

    sign_out(page, deployment.url)
