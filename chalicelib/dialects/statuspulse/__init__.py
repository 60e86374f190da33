"""StatusPulse: /v1/monitors, /v1/status, escalation policies, and incidents that people trigger."""
