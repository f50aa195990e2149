"""Which controls of which frameworks a finding bears on, as data: one TOML file for each framework."""

from __future__ import annotations

FRAMEWORKS = (
    "cis-aws",
    "cis-gcp",
    "cis-azure",
    "nist-800-53",
    "soc-2",
    "iso-27001",
    "pci-dss",
    "mitre-attack",
    "owasp-cicd",
    "cis-controls",
)
"""Their ids, in the order they are listed; each has a file of that name here."""
