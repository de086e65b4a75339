"""The userlist: how it is read, and how it takes effect in the hub's database."""
