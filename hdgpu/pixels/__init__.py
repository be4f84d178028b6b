"""Stored values to output values: a chain of transforms is compiled once and run anywhere."""
