"""Addresses as JupyterHub wants them."""


def with_slashes(base_url: str) -> str:
    """JUPYTERHUB_BASE_URL with a slash at both ends, however it was written."""
    return f"/{base_url.strip('/')}/".replace("//", "/")
