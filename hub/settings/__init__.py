"""The settings: their models, the types of their values, and the files in YAML. No file here acts on them."""
