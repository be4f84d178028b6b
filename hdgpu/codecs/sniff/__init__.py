"""What codestreams say about themselves, read by parsers of our own."""
