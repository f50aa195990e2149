"""What each OIDC issuer mints, as data (`*.toml`), and how an issuer is recognised by its URL."""

from auditor.issuers.catalogue import identify, kinds

__all__ = ["identify", "kinds"]
