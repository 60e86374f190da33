"""What is true: pure functions over frozen values, with no cloud, no clock and no I/O."""
