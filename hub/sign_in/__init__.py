"""The ways to sign in: one module for each authenticator, and what holds for all of them."""
