"""`auditor explain`: pages that fit the terminal and lose nothing."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from textwrap import dedent

import pytest

from auditor.report.base import Layout
from auditor.report.explain import write_list, write_markdown, write_page
from auditor.rules import RULES
from auditor.rules.base import Definition
from auditor.rules.docs import page
from tests.estate import AnyTenant, Broken

DOCUMENTATION = """\
Somebody gets in.

## What it finds

A trust that is open: see [any-tenant](any-tenant.md) and `StringLike`. This sentence goes on for longer than a line.

## Why it matters

* the first reason, which is so long that it needs more than the one line that there is for it
* the second

## Example

A policy:

    {
        "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme*"}
    }

## Use instead

Names.
"""


def rule() -> Definition:
    one = next(one for one in RULES if one.id == "any-tenant")
    return replace(
        one,
        documentation=DOCUMENTATION,
        references=("https://docs.example.com/" + "long/" * 20,),
        exposures=("any-tenant", "dead-trust"),
    )


def written(one: Definition, width: int = 70, *, colour: bool = False) -> str:
    stream = io.StringIO()
    write_page(one, stream, Layout(width, colour=colour))
    return stream.getvalue()


def test_a_page_for_the_terminal() -> None:
    text = written(rule())
    assert text.partition("CONTROLS\n")[0] == dedent("""\
        any-tenant

          Somebody gets in.

        WHAT IT FINDS

          A trust that is open: see any-tenant (any-tenant.md) and
          `StringLike`. This sentence goes on for longer than a line.

        WHY IT MATTERS

          * the first reason, which is so long that it needs more than the one
            line that there is for it
          * the second

        EXAMPLE

          A policy:

              {
                  "StringLike": {"token.actions.githubusercontent.com:sub":
                    "repo:acme*"}
              }

        USE INSTEAD

          Names.

        SEVERITY

          By what the identity may do; low to critical. Confidence high, for
          persona regular.

          any-tenant:
            critical  admin, escalation, wide-write, sensitive-read, unknown
            high      scoped
            medium    none
          dead-trust:
            low       admin, escalation, wide-write, sensitive-read, scoped,
                      none, unknown

        """)
    assert text.partition("REFERENCES\n")[2] == dedent("""\

          * https://docs.example.com/long/long/long/long/long/long/long/long/
            long/long/long/long/long/long/long/long/long/long/long/long/

        LIVING WITH IT

          A finding that somebody decided to live with is waived in
          auditor.toml. It stays in every report, fails no run, and is a
          finding again when the day has passed. All five lines are needed.

              [[waiver]]
              rule = "any-tenant"
              # the id of the finding, the trust or the identity
              subject = "…"
              reason = "why this is acceptable"
              owner = "who decided it"
              expires = 2027-03-31   # the last day it holds
        """)


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.id)
def test_every_rule_fits_every_terminal_and_no_word_is_lost(one: Definition) -> None:
    for width in (60, 79, 120):
        text = written(one, width)
        assert max(map(len, text.splitlines())) <= width
        assert text.isascii() or "…" in text
    words = set(re.findall(r"[A-Za-z]{3,}", page(one).partition("## Severity")[0]))
    assert {word.lower() for word in words} <= {
        word.lower() for word in re.findall(r"[A-Za-z]{3,}", written(one, 2000))
    }


def test_headings_and_severities_are_painted_and_nothing_else_changes() -> None:
    painted = written(rule(), colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == written(rule())
    assert "\x1b[1mWHAT IT FINDS\x1b[0m" in painted
    assert "\x1b[1;31mcritical  \x1b[0madmin" in painted


def test_the_page_as_markdown_is_the_one_of_the_documentation() -> None:
    stream = io.StringIO()
    write_markdown(rule(), stream, Layout(60))
    assert stream.getvalue() == page(rule())


def test_the_list() -> None:
    stream = io.StringIO()
    write_list([AnyTenant(), Broken()], stream, Layout(60))
    assert stream.getvalue() == dedent("""\
        rule        severity  persona   finds
        ----------  --------  --------  ----------------------------
        any-tenant  critical  regular   Somebody else's project can
                                        get in.
        broken      critical  pedantic  Somebody else's project can
                                        get in.

        `auditor explain RULE` tells why a rule matters, and what to
        do.
        """)
