"""What other products know of their checks, as documents of our own: to be read, and then imported."""
