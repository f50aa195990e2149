"""Reads what there is to read: a plan of scopes, who carries it out, and what is kept of one that was interrupted."""
