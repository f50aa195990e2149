"""Ways from identity to identity, and the most that one comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.graph import Graph, Way
from auditor.issuers import identify
from auditor.model import Fix, Identity, Level
from auditor.power import Capability, OwnToken, Power, Profile, Step, ranked, unread
from tests.estate import trust


def role(name: str) -> Identity:
    return Identity("aws", "123456789012", "iam-role", f"arn:aws:iam::123456789012:role/{name}", name)


def may(level: Level, doubt: str | None = None) -> Capability:
    return Capability(level, f"do {level} things", ("x:Y",), "*", (), None, doubt)


def step(name: str, doubt: str | None = None) -> Step:
    return Step(role(name), "assume-role", "assume it", ("sts:AssumeRole",), (), doubt)


@dataclass
class Estate:
    """Profiles by name; says who was asked for."""

    profiles: Mapping[str, Profile]
    asked: list[str] = field(default_factory=list)

    token_issuers: tuple[str, ...] = ()

    def identities(self) -> Iterable[Identity]:
        return [role(name) for name in self.profiles]

    def profile(self, identity: Identity) -> Profile:
        self.asked.append(identity.name)
        return self.profiles.get(identity.name) or unread(f"{identity.name} was not collected")

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        return Fix(f"less than {capability.what} for {identity.name}")


def estate(**profiles: tuple[Iterable[Capability], Iterable[Step]]) -> tuple[Graph, Estate]:
    cloud = Estate({name: Profile(Power(ranked(have)), tuple(to)) for name, (have, to) in profiles.items()})
    return Graph({"aws": cloud}), cloud


def names(way: Way) -> list[str]:
    return [one.target.name for one in way]


def test_by_itself() -> None:
    graph, _ = estate(ci=([may(Level.SCOPED), may(Level.WIDE_WRITE, "a condition")], []))
    found = graph.standing(role("ci"))
    assert (found.level, found.certain, found.way, found.holder) == (Level.WIDE_WRITE, False, (), role("ci"))
    assert found.capability == may(Level.WIDE_WRITE, "a condition")


def test_by_becoming_others_on_the_best_way() -> None:
    graph, _ = estate(
        ci=([may(Level.SCOPED)], [step("detour"), step("direct"), step("doubtful", "a tag")]),
        detour=([], [step("direct")]),
        direct=([], [step("boss")]),
        doubtful=([], [step("boss")]),
        boss=([may(Level.ADMIN)], [step("ci")]),
    )
    found = graph.standing(role("ci"))
    assert (found.level, found.certain, names(found.way)) == (Level.ADMIN, True, ["direct", "boss"])
    assert {one.name: names(way) for one, way in graph.ways(role("ci")).items()} == {
        "ci": [],
        "direct": ["direct"],
        "detour": ["detour"],
        "boss": ["direct", "boss"],
        "doubtful": ["doubtful"],
    }


def test_a_proven_way_goes_before_a_shorter_doubtful_one() -> None:
    graph, _ = estate(
        ci=([], [step("boss", "a condition"), step("a")]),
        a=([], [step("b")]),
        b=([], [step("boss")]),
        boss=([may(Level.ADMIN)], []),
    )
    assert names(graph.standing(role("ci")).way) == ["a", "b", "boss"]


def test_a_proven_level_goes_before_the_same_one_that_only_may_be() -> None:
    graph, _ = estate(
        ci=([], [step("near"), step("far")]),
        near=([may(Level.ADMIN, "a condition")], []),
        far=([may(Level.ADMIN)], []),
    )
    found = graph.standing(role("ci"))
    assert (names(found.way), found.certain) == (["far"], True)


def test_a_doubtful_step_makes_the_level_doubtful_and_not_lower() -> None:
    graph, _ = estate(ci=([], [step("boss", "a condition")]), boss=([may(Level.ADMIN)], []))
    found = graph.standing(role("ci"))
    assert (found.level, found.certain) == (Level.ADMIN, False)


def test_what_was_not_read_is_unknown_at_least() -> None:
    graph, _ = estate(ci=([may(Level.SCOPED)], [step("elsewhere")]))
    assert graph.standing(role("ci")).level is Level.UNKNOWN
    assert graph.standing(role("elsewhere")).level is Level.UNKNOWN
    gap = Profile(Power((may(Level.ESCALATION),), ("a policy was not read",)))
    assert Graph({"aws": Estate({"ci": gap})}).standing(role("ci")).level is Level.ESCALATION


def test_of_a_cloud_that_was_not_asked_nothing_is_known() -> None:
    assert Graph({}).standing(role("ci")).profile.power.gaps == ("aws was not asked about",)
    assert Graph({}).sketch(role("ci"), may(Level.ADMIN)) is None


def test_only_what_can_be_reached_is_looked_at_and_nothing_behind_an_administrator() -> None:
    graph, cloud = estate(
        ci=([], [step("boss")]),
        boss=([may(Level.ADMIN)], [step("behind")]),
        behind=([], []),
        apart=([may(Level.ADMIN)], []),
    )
    graph.standing(role("ci"))
    assert cloud.asked == ["ci", "boss"]


def test_sketches_are_the_authoritys() -> None:
    graph, _ = estate(ci=([may(Level.ADMIN)], []))
    assert graph.sketch(role("ci"), may(Level.ADMIN)) == Fix("less than do admin things for ci")


def test_a_token_of_its_own_opens_other_doors() -> None:
    """A service account enters AWS where a role trusts its number, and nobody else does."""
    google = "https://accounts.google.com"
    number = "100200300400500600700"
    account = Identity("gcp", "proj", "service-account", "ci@proj.iam.gserviceaccount.com", "ci")
    admits = {"export": number, "other": "100200300400500600701", "any": "*", "unread": None}
    doors = []
    for name, subject in admits.items():
        made = trust(name, subject)
        doors.append(replace(made, issuer=identify(google), notes={"policy-unread": "x"} if subject is None else {}))
    token = OwnToken(google, number)

    class Google(Estate):
        def profile(self, identity: Identity) -> Profile:
            return Profile(Power(), tokens=(token,))

    graph = Graph({"gcp": Google({}), "aws": Estate({"export": Profile(Power((may(Level.ADMIN),)))})}, doors)
    steps = {step.target.name: (step.kind, step.certain) for step in graph.profile(account).steps}
    assert steps == {"export": ("federate", True), "any": ("federate", True)}
    assert graph.standing(account).level is Level.ADMIN
    assert graph.standing(account).holder.name == "export"


def test_who_rules_a_scope_gets_at_everybody_in_it() -> None:
    boss = Profile(Power((may(Level.ADMIN),)), governs=((role("x").scope, may(Level.ADMIN, "nobody objects")),))
    cloud = Estate({"boss": boss, "ci": Profile(Power(), (step("boss"),)), "web": Profile(Power())})
    graph = Graph({"aws": cloud})
    into = {one.name: [(step.kind, step.doubt) for step in way] for one, way in graph.ways_into(role("web")).items()}
    assert into == {
        "web": [],
        "boss": [("rewrite-trust", "nobody objects")],
        "ci": [("assume-role", None), ("rewrite-trust", "nobody objects")],
    }
    assert [one.name for one in graph.ways_into(role("boss"))] == ["boss", "ci"]
    elsewhere = replace(role("web"), scope="999999999999")
    assert list(graph.ways_into(elsewhere)) == [elsewhere]


_NAMES = "abcdef"
_EDGES = st.lists(
    st.tuples(st.sampled_from(_NAMES), st.sampled_from(_NAMES), st.booleans()), max_size=14, unique_by=lambda e: e[:2]
)
_LEVELS = st.lists(st.sampled_from([level for level in Level if level is not Level.UNKNOWN]), min_size=6, max_size=6)


def cost(way: Way) -> tuple[int, int]:
    return sum(not one.certain for one in way), len(way)


def all_ways(edges: list[tuple[str, str, bool]], start: str, path: Way = ()) -> Iterable[tuple[str, Way]]:
    """Every way that visits nobody twice."""
    yield start, path
    visited = {one.target.name for one in path}
    for source, target, certain in edges:
        if source == start and target not in visited:
            yield from all_ways(edges, target, (*path, step(target, None if certain else "doubt")))


@given(_EDGES, _LEVELS)
def test_ways_and_standings_are_those_of_trying_everything(
    edges: list[tuple[str, str, bool]], levels: list[Level]
) -> None:
    graph, _ = estate(
        **{
            name: (
                [may(level)] if level is not Level.NONE else [],
                [step(target, None if sure else "doubt") for source, target, sure in edges if source == name],
            )
            for name, level in zip(_NAMES, levels, strict=True)
        }
    )
    best: dict[str, tuple[int, int]] = {}
    for name, way in all_ways(edges, "a"):
        best[name] = min(best.get(name, (99, 99)), cost(way))
    best["a"] = (0, 0)
    assert {one.name: cost(way) for one, way in graph.ways(role("a")).items()} == best
    level = dict(zip(_NAMES, levels, strict=True))
    found = graph.standing(role("a"))
    assert found.level == max(level[name] for name in best)
    assert found.certain == any(level[name] == found.level and best[name][0] == 0 for name in best) or (
        found.level is Level.NONE
    )
    for name in _NAMES:
        into = {one.name: cost(way) for one, way in graph.ways_into(role(name)).items()}
        assert (into.get("a") == best[name]) if name in best else ("a" not in into)


@pytest.mark.parametrize("level", list(Level))
def test_the_order_of_levels(level: Level) -> None:
    order = ["none", "scoped", "sensitive-read", "unknown", "wide-write", "escalation", "admin"]
    below = [one for one in Level if one < level]
    assert sorted(map(str, below)) == sorted(order[: order.index(str(level))])
