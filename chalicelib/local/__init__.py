"""The workshop: the whole house on an emulated AWS, in one process."""
