"""Decoding frames on a device: who takes which, and how."""
