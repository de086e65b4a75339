"""What `make users`, `make password` and `make token` run in the hub's container."""
