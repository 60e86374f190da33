"""The archive: one file a table; nobody above imports pynamodb."""
