"""Hooklistener: /api/v1/uptime-monitors, HTTP monitors and what their rounds found."""
