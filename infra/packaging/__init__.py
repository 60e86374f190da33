"""How a package comes about: one room for each thing that goes into it."""
