"""One suite over every door: the model exchange's own, and every dialect's through the adapter."""
