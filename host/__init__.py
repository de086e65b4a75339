"""What `make` runs beside the Docker Engine, in a container of its own that ends with the command."""
