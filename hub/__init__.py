"""What runs in the hub container: settings, userlist, accounts, authenticator and spawner."""
