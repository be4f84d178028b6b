"""The only place that knows array libraries: NumPy, CuPy, torch and whatever else follows the array API standard.

Importing it imports NumPy and array_api_compat, and nothing heavier: CuPy and torch are imported when first needed.
"""
