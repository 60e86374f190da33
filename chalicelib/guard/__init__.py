"""Every road to an address that somebody else chose; none of them leads into our own network."""
