"""What makes a deployment out of the code, and puts it into an account."""
