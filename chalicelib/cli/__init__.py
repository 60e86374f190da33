"""The command line: what a person at a terminal, or a build server, says to a deployment."""
