"""Jupyter Server's own managers for kernels in a gateway, with the reason when there are none.

The stock ones answer with "Uncaught exception", with 401 (which a browser takes for the user's own login) or with 503
(for which JupyterLab offers to restart a server that runs). Here each failure is a 502 with its reason
and the cure, in the server's log and in JupyterLab's dialogs. The launcher can only show kernels, so it gets one that
is called after the reason. JupyterLab asks once a minute: when the gateway is back, its kernels are there again.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from socket import create_connection, gaierror
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from jupyter_server.gateway.connections import GatewayWebSocketConnection
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelSpecManager, GatewayMappingKernelManager
from tornado.httpclient import HTTPClientError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError
from tornado.web import HTTPError

# The kernel in the launcher that is none.
NO_KERNELS = "no-kernels"
# How long a gateway that accepts our certificate may take to refuse a connection.
REFUSAL_SECONDS = 2
CLIENT_CERT = f"make client-cert USER={os.environ.get('JUPYTERHUB_USER', 'name')} P12=file"


class Problem(NamedTuple):
    """What is wrong, and what an administrator can do."""

    what: str
    cure: str

    def __str__(self) -> str:
        url = GatewayClient.instance().url
        # JupyterLab shows each line as a line.
        end = "" if self.cure.endswith("?") else "."
        return f"No kernels from {url}: {self.what}.\nFix, by an administrator: {self.cure}{end}"


class GatewayError(HTTPError):
    """A problem as the answer to a request: not 503, which JupyterLab takes for an unavailable user's server."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(502, str(problem))
        self.problem = problem

    def __str__(self) -> str:  # Jupyter Server makes a new error of it when a session cannot be started
        return self.get_message() or ""


def explain(error: BaseException) -> Problem | None:
    """Say why the gateway did not do what was asked; None when the connection is not the reason."""
    error = error.__cause__ or error  # what Jupyter Server has made another error of
    if isinstance(error, ConnectionResetError | HTTPStreamClosedError):
        error = _refusal() or error
    host = (GatewayClient.instance().url or "").split("://")[-1]
    match error:
        case HTTPTimeoutError():
            what = "the gateway does not answer in time"
            cure = f"does {host} run, and does a firewall allow the connection?"
        case HTTPClientError(code=400) if _refuses_certificate(error):
            what, cure = _refused_by_proxy()
        case HTTPClientError(code=401):
            what, cure = "the gateway refuses the token", "KG_AUTH_TOKEN is not the gateway's own"
        case HTTPClientError(code=403):
            what, cure = f"the gateway refuses: {_words_of(error)}", "the gateway's log says more"
        case HTTPClientError(code=599) | ConnectionResetError():
            what = "the gateway closes the connection"
            cure = "the gateway's log says why; it may refuse the certificate"
        case gaierror():
            what, cure = "the host of the gateway is unknown", f"is {host} in KG_URL the right name, and does it run?"
        case ssl.SSLCertVerificationError():
            what = f"the gateway's certificate is not accepted: {error.verify_message}"
            cure = "its authority has to be in CLIENT_CA, and the certificate has to be valid for the host in KG_URL"
        case ssl.SSLError():
            what, cure = _refused_by_tls(error)
        case FileNotFoundError() | PermissionError():
            what, cure = "you have no client certificate for the gateway", CLIENT_CERT
        case OSError():
            what, cure = f"the gateway cannot be reached: {error.strerror or error}", f"does it run at {host}?"
        case _:
            return None
    return Problem(what, cure)


def _refusal() -> OSError | None:
    """The gateway's reason to refuse a connection without a request; None where it accepts the connection.

    With TLS 1.3 it looks at a certificate when our side of the handshake is over. Where a request has left by then, the
    reset of the connection may overtake the reason: https://github.com/openssl/openssl/issues/8500
    """
    client = GatewayClient.instance()
    url = urlsplit(client.url or "")
    if url.scheme != "https":
        return None
    context = ssl.create_default_context(cafile=client.ca_certs)
    if not client.validate_cert:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        if client.client_cert:
            context.load_cert_chain(client.client_cert, client.client_key)
        with (
            create_connection((url.hostname, url.port), REFUSAL_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=url.hostname) as connection,
        ):
            connection.recv(1)
    except TimeoutError:  # it is waiting for a request
        return None
    except OSError as error:
        return error
    return None


def _refuses_certificate(error: HTTPClientError) -> bool:
    """Whether a proxy in front refuses our certificate: nginx ends the handshake first and then answers with a page."""
    body = error.response.body if error.response else b""
    return b"SSL certificate" in (body or b"")


def _words_of(error: HTTPClientError) -> str:
    with suppress(AttributeError, ValueError):
        body = json.loads(error.response.body)
        return body.get("message") or body.get("reason") or error.message or ""
    return error.message or ""


def _refused_by_tls(error: ssl.SSLError) -> tuple[str, str]:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "wrong version" in reason:
        return (
            "the gateway does not use TLS at this address",
            "KG_URL has to begin with http://, or the gateway needs a certificate",
        )
    if "alert" not in reason:
        return f"your client certificate cannot be used: {reason}", CLIENT_CERT
    if GatewayClient.instance().client_cert:
        return f"the gateway refuses your client certificate: {reason.split(' alert ')[-1]}", CLIENT_CERT
    return _without_certificate()


def _refused_by_proxy() -> tuple[str, str]:
    if GatewayClient.instance().client_cert:
        return "the proxy in front of the gateway refuses your client certificate", CLIENT_CERT
    return _without_certificate()


def _without_certificate() -> tuple[str, str]:
    return "the gateway requires a client certificate", "CLIENT_KEY, CLIENT_CERT and CLIENT_CA are not set"


@contextmanager
def explaining() -> Iterator[None]:
    """Within it, a failure to reach the gateway becomes a GatewayError."""
    try:
        yield
    except GatewayError:
        raise
    except Exception as error:
        problem = explain(error)
        if problem:
            raise GatewayError(problem) from error
        if isinstance(error, HTTPError) and error.log_message and error.args:
            # JupyterLab would show it with the placeholders.
            raise HTTPError(error.status_code, error.log_message % error.args) from error
        raise


class GatewayKernelSpecs(GatewayKernelSpecManager):
    """The gateway's kernels; without it, one that is called after the reason."""

    async def list_kernel_specs(self) -> dict[str, Any]:
        """The model of all kernels, as the gateway has it."""
        try:
            return await super().list_kernel_specs()
        except Exception as error:  # whatever it is, the launcher has no other place to show it
            problem = explain(error) or Problem(
                "what answers is not a kernel gateway", f"check KG_URL; the answer was: {error}"
            )
            self.log.warning(str(problem).replace("\n", " "))
            return self._instead(problem.what)

    async def get_kernel_spec(self, kernel_name: str, **kwargs: Any) -> Any:
        """One of them."""
        with explaining():
            return await super().get_kernel_spec(kernel_name, **kwargs)

    def _instead(self, reason: str) -> dict[str, Any]:
        spec = {"argv": [], "display_name": f"No kernels: {reason}", "language": "none", "env": {}, "metadata": {}}
        model = {"name": NO_KERNELS, "spec": spec, "resources": {}}
        return {"default": self.parent.kernel_manager.default_kernel_name, "kernelspecs": {NO_KERNELS: model}}


class GatewayKernels(GatewayMappingKernelManager):
    """Kernels in the gateway."""

    async def start_kernel(self, **kwargs: Any) -> str:
        """Start a kernel, or take up the one with that id; the kernel that is none stands for the default."""
        with explaining():
            if kwargs.get("kernel_name") == NO_KERNELS:
                await self.list_kernels()
                kwargs["kernel_name"] = self.default_kernel_name
            # The rest of the environment would not be sent, but written to the log, with every token in it.
            kwargs["env"] = {name: value for name, value in kwargs.get("env", {}).items() if name.startswith("KERNEL_")}
            return await super().start_kernel(**kwargs)

    async def list_kernels(self, **kwargs: Any) -> list[dict[str, Any]]:
        """Models of the user's kernels, which are refreshed with that."""
        with explaining():
            models = await super().list_kernels(**kwargs)
        moments = [kernel.last_activity for kernel in self._kernels.values()]
        # Not later than now: the gateway's clock may be wrong.
        self.last_kernel_activity = min(datetime.now(UTC), max([self.last_kernel_activity, *moments]))
        return models

    async def shutdown_kernel(self, kernel_id: str, **kwargs: Any) -> None:
        """Shut a kernel down."""
        with explaining():
            await super().shutdown_kernel(kernel_id, **kwargs)

    async def restart_kernel(self, kernel_id: str, **kwargs: Any) -> None:
        """Restart a kernel."""
        with explaining():
            await super().restart_kernel(kernel_id, **kwargs)

    async def interrupt_kernel(self, kernel_id: str, **kwargs: Any) -> None:
        """Interrupt a kernel."""
        with explaining():
            await super().interrupt_kernel(kernel_id, **kwargs)


class GatewayConnection(GatewayWebSocketConnection):
    """A websocket to a kernel in the gateway: it says why it could not be opened, and leaves nothing behind."""

    def _connection_done(self, fut: Any) -> None:
        error = None if fut.cancelled() else fut.exception()
        if error and (problem := explain(error)):
            self.log.warning(str(problem).replace("\n", " "))
        if self.disconnected and not fut.cancelled() and not error:
            fut.result().close()  # the browser has left meanwhile; Jupyter Server 2.21 would keep it open
        super()._connection_done(fut)
