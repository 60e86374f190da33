"""The offices: one verb a function, each reads load, decide, commit."""
