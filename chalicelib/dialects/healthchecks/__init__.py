"""Healthchecks: the pinging API under /ping, and the Management API v3 under /api/v3."""
