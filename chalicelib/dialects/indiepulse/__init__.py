"""IndiePulse: /api/v1, read-only, with Bearer keys of a workspace; and heartbeats by a token in the path."""
