"""The address of the hub, as far as the settings know it."""

from hub.configuration import Configuration

DEFAULT_PORTS = {"https": 443, "http": 80}


def public_address(found: Configuration) -> str:
    """The address to type into a browser, without a slash at the end."""
    path = found.hub.jupyterhub_base_url.rstrip("/")
    if found.sign_in.public_url:
        return found.sign_in.public_url
    if found.hub.jupyterhub_subdomain_host:
        return found.hub.jupyterhub_subdomain_host + path
    host = found.host
    name = next(filter(None, (overlay.public_name() for overlay in found.overlays)), "localhost")
    scheme, port = ("https", host.https_port) if host.tls == "on" else ("http", host.http_port or 8000)
    shown = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{name}{shown}{path}"
