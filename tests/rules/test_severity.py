"""The severity table, cell by cell, and the order it keeps."""

from __future__ import annotations

import itertools

import pytest

from auditor.model import Level, Severity
from auditor.rules.severity import TABLE, describe, rate

POWERS = list(Level)
KNOWN = [power for power in POWERS if power is not Level.UNKNOWN]

EXPECTED = """
                                    admin escalation wide-write sensitive-read scoped none unknown
any-tenant                          C C C C H M C
cross-issuer                        C C H H M L H
untrusted-tenant                    C C H H M L H
any-project                         C H H H M L H
pull-request                        C H H H M L H
any-branch                          H H M M L L M
any-tag                             H H M M L L M
any-environment                     H H M M L L M
any-environment, of named branches  L L I I I I I
broad-impersonation                 H H M M L L M
uploaded-keys                       H H M M L L M
foreign-issuer                      H H M M L L M
foreign-issuer, of many customers   M M L L L I L
long-lived-secret-beside            M M M L L I M
long-lived-certificate-beside       M M L L L I L
power, open                         H H M M L I M
power                               M M L L I I L
unused-identity                     M M L L L I L
unbounded-role                      L L L L I I L
pool-wide-binding                   M M L L L I L
shared-pool, one issuer twice       M M L L L I L
shared-pool                         L L L L I I L
tautological-condition              M M M M L L M
tautological-condition, tight       M M L L L I L
subject-collision                   M M L L L I L
misleading-attribute                M M L L L I L
vacuous-condition                   M M M M L L M
vacuous-condition, otherwise tight  L L L L L I L
reusable-name                       M M L L L I L
reusable-name, guarded              L L I I I I I
unchecked-audience                  M M L L L I L
undecided                           M M L L L L L
environment-gate                    L L I I I I I
audience-unusual                    L L I I I I I
unknown-issuer                      L L L L I I L
dead-trust                          L L L L L L L
dead-value                          L L L L L L L
refused-if-resaved                  L L L L L L L
orphan-provider                     L L L L L L L
unreferenced-provider               L L L L L L L
trust-grew                          M M L L L L L
trust-grew, undecided               M M L L L L L
trust-added                         M M L L L L L
trust-added, nobody new             I I I I I I I
power-grew, open                    H H M M L L M
power-grew                          M M L L L L L
trust-shrank                        I I I I I I I
trust-removed                       I I I I I I I
power-shrank                        I I I I I I I
finding-gone                        I I I I I I I
expired-waiver                      L L L L L L L
unused-waiver                       L L L L L L L
"""
LETTERS = {str(severity)[0].upper(): severity for severity in Severity}


def test_every_cell() -> None:
    head, *lines = EXPECTED.strip("\n").splitlines()
    assert head.split() == [power.value for power in POWERS]
    expected = {line[:36].strip(): [LETTERS[letter] for letter in line[36:].split()] for line in lines}
    assert {row: [rate(row, power) for power in POWERS] for row in TABLE} == expected
    assert list(TABLE) == list(expected)


@pytest.mark.parametrize("row", TABLE)
def test_more_power_is_never_milder(row: str) -> None:
    assert all(rate(row, more) >= rate(row, less) for more, less in itertools.pairwise(KNOWN))


@pytest.mark.parametrize("power", POWERS)
def test_a_wider_way_in_is_never_milder(power: Level) -> None:
    chain = ("any-tenant", "any-project", "any-branch", "any-environment, of named branches")
    assert all(rate(wide, power) >= rate(narrow, power) for wide, narrow in itertools.pairwise(chain))
    assert rate("any-project", power) == rate("pull-request", power)
    assert rate("any-branch", power) == rate("any-tag", power) == rate("any-environment", power)
    assert rate("vacuous-condition", power) >= rate("vacuous-condition, otherwise tight", power)
    assert rate("reusable-name", power) >= rate("reusable-name, guarded", power)


@pytest.mark.parametrize("row", TABLE)
def test_unknown_power_reads_as_wide_write(row: str) -> None:
    assert rate(row, Level.UNKNOWN) == rate(row, Level.WIDE_WRITE)


@pytest.mark.parametrize(
    ("rows", "text"),
    [(("dead-trust",), "low"), (("any-tenant",), "medium to critical"), (("dead-trust", "any-branch"), "low to high")],
)
def test_a_row_in_a_few_words(rows: tuple[str, ...], text: str) -> None:
    assert describe(rows) == text
