"""Tables into grammars: axes, fragments, slots, what a table may not say."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from auditor.claims.grammar import Slot
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Match
from auditor.claims.templates import solve_templated
from auditor.claims.verdict import Accepted, Rejected
from auditor.issuers import identify
from auditor.issuers.catalogue import opaque
from auditor.issuers.loader import build

TABLE = """
optional = ["note"]

[variables.owner]
characters = "a-z"
hints = ["eve"]
dimension = "tenant"
by = "anyone"

[variables.branch]
characters = "^:"
hints = ["main"]

[variables.kind]
values = ["one", "two"]

[constants]
iat = 1

[claims]
sub = "{owner}:<ref>"
ref = "<ref>"
note = "{{kind}}"
groups = "[owner]"

[[axes.run]]
name = "branch"
run = "branch"
fragments = { ref = "heads/{branch}" }

[[axes.run]]
name = "change"
run = "pull request"
fragments = { ref = "heads/{branch:encoded}" }
claims = { kind = "{kind}" }
optional = ["kind"]
unmerged = { kind = ["two"] }
fresh_unmerged = "branch"
certain = false
note = "a guess"

[[axes.again]]
name = "once"

[[axes.again]]
name = "twice"
"""


def table(**changes: Any) -> dict[str, Any]:
    return {**tomllib.loads(TABLE), **changes}


def test_shapes_are_the_product_of_the_axes_without_repetition() -> None:
    grammar = build(table())
    assert [shape.name for shape in grammar.shapes] == ["branch once", "change once"]
    branch, change = grammar.shapes
    owner, ref, kind = (Slot(grammar.variables[name]) for name in ("owner", "branch", "kind"))
    assert branch.claims == {
        "sub": (owner, ":heads/", ref),
        "ref": ("heads/", ref),
        "note": ("{", kind, "}"),
    }
    assert branch.lists == {"groups": grammar.variables["owner"]}
    assert branch.constants == {"iat": 1}
    assert list(branch.optional) == ["note"]
    assert (branch.run, branch.certain, branch.note, branch.unmerged, branch.fresh_unmerged) == (
        "branch",
        True,
        "",
        None,
        None,
    )
    assert change.claims["ref"] == ("heads/", Slot(grammar.variables["branch"], encoded=True))
    assert list(change.optional) == ["note", "kind"]
    assert (change.run, change.certain, change.note) == ("pull request", False, "a guess")
    assert change.unmerged is not None
    assert change.fresh_unmerged == "branch"


def test_without_and_given() -> None:
    grammar = build(table(), without=("change", "once"), given={"owner": "acme"})
    assert [shape.name for shape in grammar.shapes] == ["branch twice"]
    owner = grammar.variables["owner"]
    assert (owner.values, owner.hints, owner.dimension, owner.controller) == (("acme",), ("acme",), "tenant", "anyone")


def test_what_a_guess_adds_to_a_certain_shape_of_the_same_claims_is_kept() -> None:
    """An old version that prints the very same token for code nobody has merged is a fact of its own."""
    axes = {
        "run": [
            {"name": "known", "fragments": {"ref": "{branch}"}},
            {
                "name": "old",
                "fragments": {"ref": "{branch}"},
                "certain": False,
                "note": "n",
                "fresh_unmerged": "branch",
            },
        ]
    }
    assert [shape.name for shape in build(table(axes=axes)).shapes] == ["known", "old"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"variables": {"owner": {"characters": "a-z", "hints": ["Eve"]}}},
            "variable owner: the hint 'Eve' is not one of its values",
        ),
        ({"variables": {"owner": {"characters": "z-a"}}}, "the range z-a runs backwards"),
        ({"axes": {"run": [{"name": "x"}]}}, "no fragment <ref> for '{owner}:<ref>'"),
        (
            {"fragments": {"ref": "<ref>"}, "axes": {}},
            "fragments refer to each other in a circle, or too deeply: '{owner}:<ref>'",
        ),
    ],
)
def test_malformed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build(table(**changes))


def test_a_template_may_fix_what_comes_first() -> None:
    """GitLab's subjects always begin with the project; without that rule anybody could print `ref:main`."""
    grammar = identify("https://gitlab.com").grammar
    assert grammar.template is not None
    assert "ref" not in grammar.template.first
    accepted = solve_templated(Match("sub", Pattern.glob("project_path:*:ref_protected:true")), grammar)
    assert isinstance(accepted, Accepted)
    assert accepted.template == ("project_path", "ref_protected")
    assert solve_templated(Match("sub", Pattern.exactly("ref:main")), grammar) == Rejected()


def test_a_template_without_such_a_rule_may_begin_with_any_key() -> None:
    template = identify("https://token.actions.githubusercontent.com").grammar.template
    assert template is not None
    assert template.first == template.keys


def test_opaque() -> None:
    grammar = opaque(("rpst_id", "email"))
    (shape,) = grammar.shapes
    assert set(shape.claims) == {"sub", "aud", "azp", "email", "rpst_id"}
    assert set(shape.lists) == {"amr"}
    assert set(shape.optional) == {"azp", "email", "rpst_id", "amr"}
    assert not grammar.single_tenant
