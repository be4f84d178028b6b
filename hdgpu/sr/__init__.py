"""Structured reporting: coded concepts, and content items as far as content classes hold them."""
