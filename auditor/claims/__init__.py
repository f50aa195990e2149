"""The subject-claim model: predicates over the claims of a token, what issuers mint, and the solver. Knows no cloud."""
