"""What the user sees of files: series, and the functions that turn them into volumes."""
