#!/usr/bin/env python3
"""Start what fits: with a hub a single-user server, else JupyterLab."""

import os
import sys

hub = "JUPYTERHUB_API_TOKEN" in os.environ
command = ["jupyterhub-singleuser"] if hub else ["jupyter", "lab"]
os.execvp(command[0], [*command, *sys.argv[1:]])
