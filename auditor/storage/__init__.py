"""What does not fit into memory: documents and results in temporary files, and packed text."""
