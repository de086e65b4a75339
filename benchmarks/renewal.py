"""A new certificate while people work: which connections end, and which requests fail."""

import io
import ssl
import subprocess
import tarfile

from cryptography import x509

from benchmarks.hubs import Hub
from support.certificates import Signer
from support.kernel import Kernel
from support.load import Counts, HttpLoad, KernelLoad
from support.waiting import wait_for

INTERVAL = 0.05  # seconds
RENEWAL_SECONDS = 60


def renew(hub: Hub) -> None:
    """Put another pair where the proxy looks for it, and return when it is served."""
    pair = Signer("localhost", names=("localhost",))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in {"fullchain.pem": pair.pem, "privkey.pem": pair.private()}.items():
            file = tarfile.TarInfo(name)
            file.size, file.mode, file.uid, file.gid = len(content), 0o400, 1000, 1000
            tar.addfile(file, io.BytesIO(content))
    project = hub.deployment.project
    command = ["docker", "run", "--rm", "--interactive", "--user=root", f"--volume={project}-pair:/pair"]
    command += [f"{project}-hub:6.1.1", "tar", "--extract", "--directory=/pair", "--file=-"]
    subprocess.run(command, input=archive.getvalue(), check=True)
    wait_for(lambda: _served(hub) == pair.certificate, RENEWAL_SECONDS, "the new certificate")


def renew_under_load(hub: Hub, count: int) -> tuple[Counts, Counts]:
    """Renew the certificate under load. The plain hub cannot: it takes up another pair at a restart only.

    Returns:
        What at least `count` requests have seen, each over a new connection, and what the executions over one open
        websocket of a kernel have.
    """
    user = hub.users[0]
    hub.start_server(user)
    with Kernel(hub.url, user, hub.token) as kernel:
        with (
            HttpLoad(hub.status_url(user), hub.token, interval=INTERVAL) as requests,
            KernelLoad(kernel, interval=INTERVAL) as executions,
        ):
            requests.wait_for(count // 10)
            renew(hub)
            requests.wait_for(max(count, requests.counts.sent + count // 10), timeout=180)
        return requests.counts, executions.counts


def _served(hub: Hub) -> x509.Certificate:
    address = ("127.0.0.1", int(hub.deployment.settings["HTTPS_PORT"]))
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(address).encode())
