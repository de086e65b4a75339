"""Users' servers: how one starts, as whom, with which limits, volumes and folders."""
