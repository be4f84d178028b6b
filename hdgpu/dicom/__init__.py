"""Bytes to *what is where*: sources, headers, frame offsets.  Host only; no pixel is decoded here."""
