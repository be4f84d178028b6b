"""Encoding frames: a file for each kind of codestream, and the table of them."""
