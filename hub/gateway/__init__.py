"""Kernels elsewhere: the settings of a Jupyter Kernel Gateway, and the certificates that people have for it."""
