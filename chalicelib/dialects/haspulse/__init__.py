"""Haspulse: /v1, with Bearer keys of one project; now its channels, later the rest."""
