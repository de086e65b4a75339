"""Accounts with passwords in the hub's own database: NativeAuthenticator, corrected for JupyterHub 6."""
