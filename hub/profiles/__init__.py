"""profiles.yaml: the servers that users may choose from."""
