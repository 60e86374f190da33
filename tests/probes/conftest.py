from tests.guard.peers import serve, town

__all__ = ["serve", "town"]
