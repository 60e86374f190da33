"""How a deployment comes into an AWS account, and leaves it: one room for each thing that is made there."""
