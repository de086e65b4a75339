"""The configuration of the plain JupyterHub: what the documentation has for users in containers, all else as it is."""

import os

c = get_config()  # noqa: F821 # pyright: ignore[reportUndefinedVariable] -- JupyterHub defines it

project = os.environ["COMPOSE_PROJECT_NAME"]

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["BENCHMARK_TOKEN"]
c.Authenticator.allow_all = True

c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = project
c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = f"{project}-user"
c.DockerSpawner.prefix = project
c.DockerSpawner.network_name = f"{project}-network"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.notebook_dir = "/home/jovyan/work"
c.DockerSpawner.volumes = {f"{project}-user-{{username}}": "/home/jovyan/work"}
c.DockerSpawner.remove = True

# For a fair comparison: the limits of the deployment's .env, and enough time for a whole class to get its servers.
c.DockerSpawner.mem_limit = "2G"
c.DockerSpawner.cpu_limit = 1
c.DockerSpawner.start_timeout = 300
c.DockerSpawner.http_timeout = 300

# The way in for what measures.
c.JupyterHub.services = [{"name": "benchmark", "api_token": os.environ["BENCHMARK_TOKEN"]}]
c.JupyterHub.load_roles = [
    {"name": "benchmark", "services": ["benchmark"], "scopes": ["admin:users", "admin:servers", "access:servers"]}
]
