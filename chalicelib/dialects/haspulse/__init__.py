"""Haspulse: /v1, by Bearer keys of one project or of a whole organization."""
