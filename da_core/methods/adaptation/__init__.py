"""Change the trained model itself."""
