"""One concrete token: read, recognised, and held against the trusts of an estate."""
