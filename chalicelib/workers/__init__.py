"""The clockwork: one Lambda a file; AWS calls them by their dotted names."""
