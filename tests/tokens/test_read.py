"""Whatever a person pastes: read as a token, or refused in a sentence that quotes nothing of it."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import TokenError
from auditor.tokens.read import LIMIT, Decoded, read
from tests.tokens.material import SIGNATURE, github, jwt, segment

PAYLOAD = {"iss": "https://idp.example", "sub": "someone", "aud": "us"}


def of(text: str | bytes) -> Decoded:
    return read(io.BytesIO(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")))


def refusal(text: str | bytes) -> str:
    with pytest.raises(TokenError) as caught:
        of(text)
    return str(caught.value)


WHOLE = {
    "bare": jwt(PAYLOAD),
    "padded": ".".join(part + "=" * (-len(part) % 4) for part in jwt(PAYLOAD).split(".")),
    "quoted": f'"{jwt(PAYLOAD)}"\n',
    "a header line": f"Authorization: Bearer {jwt(PAYLOAD)}\r\n",
    "wrapped": "\n".join(jwt(PAYLOAD)[at : at + 30] for at in range(0, len(jwt(PAYLOAD)), 30)),
    "a token endpoint's answer": json.dumps({"count": 9, "value": jwt(PAYLOAD)}),
    "a decoder's output": json.dumps({"header": {"alg": "RS256"}, "payload": PAYLOAD, "signature": SIGNATURE}),
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_whole_token(text: str) -> None:
    assert of(text) == Decoded(PAYLOAD, PAYLOAD, {}, whole=True)


PAYLOAD_ONLY = {
    "JSON": json.dumps(PAYLOAD),
    "JSON with a byte-order mark": "\ufeff" + json.dumps(PAYLOAD),
    "the middle segment": segment(PAYLOAD),
    "the signature cut off": jwt(PAYLOAD, signature=""),
    "header and payload": jwt(PAYLOAD).rpartition(".")[0],
    "a decoder's output without signature": json.dumps({"header": {"alg": "RS256"}, "payload": PAYLOAD}),
}


@pytest.mark.parametrize("text", PAYLOAD_ONLY.values(), ids=PAYLOAD_ONLY)
def test_payload_only(text: str) -> None:
    assert of(text) == Decoded(PAYLOAD, PAYLOAD, {}, whole=False)


def test_a_signature_is_nowhere_in_what_was_read() -> None:
    for text in WHOLE.values():
        assert SIGNATURE not in repr(of(text))


def deep(levels: int) -> str:
    return '{"iss":"x","a":' + '{"a":' * levels + "1" + "}" * levels + "}"


NOT_JSON = base64.urlsafe_b64encode(b'{"not json').decode()
HINT = "pass the decoded payload as JSON, or the whole token as header.payload.signature"
REFUSED = {
    "nothing": ("", f"the input is empty; {HINT}"),
    "blanks": (" \n\t", f"the input is empty; {HINT}"),
    "not UTF-8": (b'{"iss": "\xff"}', f"not UTF-8 text (byte 10); {HINT}"),
    "too long": (b" " * (LIMIT + 1), "this is longer than 256 KiB: no cloud takes such a token"),
    "an array": ("[1]", "the input is a JSON array, but a token's payload is an object; pass one token at a time"),
    "cut short": ('{"iss": "x"', f"the input is not JSON: line 1, column 12; {HINT}"),
    "no claim": ("{}", f"the payload holds no claim; {HINT}"),
    "no issuer": ('{"sub": "x"}', f"there is no issuer: `iss` is missing or no text; {HINT}"),
    "an issuer that is a number": ('{"iss": 7}', f"there is no issuer: `iss` is missing or no text; {HINT}"),
    "an issuer that is null": ('{"iss": null, "sub": "x"}', f"there is no issuer: `iss` is missing or no text; {HINT}"),
    "a key twice": (
        '{"iss": "x", "sub": "a", "sub": "b"}',
        "the input has 'sub' twice: which one a cloud reads is anybody's guess",
    ),
    "a key twice, deep inside": (
        '{"iss": "x", "k": [{"sub": "a", "sub": "b"}]}',
        "the input has 'sub' twice: which one a cloud reads is anybody's guess",
    ),
    "not a number": ('{"iss": "x", "exp": NaN}', "the input is not JSON: NaN is no number there"),
    "an endless number": (
        '{"iss": "x", "exp": ' + "9" * 5000 + "}",
        "the input is no JSON that a token holds: nested too deeply, or a number too long",
    ),
    "deep": (deep(25), "the payload is nested more than 20 levels deep: no issuer mints that"),
    "words": ("hello world", f"neither JSON nor a token in base64url; {HINT}"),
    "two words with a dot": ("hello.wörld", f"neither JSON nor a token in base64url; {HINT}"),
    "four segments": ("eyJ9.b.c.d", f"4 segments between dots, but a token has three; {HINT}"),
    "encrypted, five segments": (
        f"{segment({'alg': 'dir', 'enc': 'A128GCM'})}..a.b.c",
        "an encrypted token (JWE): only the service it was made for can read it",
    ),
    "encrypted, by its header": (
        jwt(PAYLOAD, {"alg": "dir", "enc": "A128GCM"}),
        "an encrypted token (JWE): only the service it was made for can read it",
    ),
    "a broken segment": (
        f"{segment({'alg': 'RS256'})}.abcde.{SIGNATURE}",
        "the payload is not base64url (5 characters); is it cut short?",
    ),
    "a header that is no JSON": (
        f"{NOT_JSON}.{segment(PAYLOAD)}.{SIGNATURE}",
        f"the header is not JSON: line 1, column 2; {HINT}",
    ),
    "a payload that is no text": (
        f"{segment({'alg': 'RS256'})}.{base64.urlsafe_b64encode(bytes([255, 254, 253])).decode()}.{SIGNATURE}",
        f"the payload is not UTF-8 text once decoded; {HINT}",
    ),
    "a payload that is a text": (
        jwt("hello"),  # type: ignore[arg-type]  # no payload is a text: that is the point
        "the payload is a JSON value that is no object, but a token's payload is an object; pass one token at a time",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(text: str | bytes, message: str) -> None:
    assert refusal(text) == message


def test_very_deep_json_is_refused_and_not_run_into() -> None:
    assert "nested" in refusal(deep(30_000))


def test_a_refusal_never_quotes_a_token() -> None:
    whole = jwt(github())
    for cut in (whole[: -len(SIGNATURE) - 10], f"{whole}.x", f"x{whole}ö", whole.replace(".", "..", 1)):
        message = refusal(cut)
        assert [part for part in cut.split(".") if len(part) > 4 and part in message] == []


def test_claims_as_predicates_read_them() -> None:
    payload: dict[str, Any] = {
        "iss": "x",
        "aud": ["only"],
        "groups": ["a", "b"],
        "none": None,
        "yes": True,
        "exp": 1.5,
        "mixed": ["a", 1],
        "kubernetes.io": {"namespace": "billing", "pod": {"name": "p"}, "odd": [{}]},
        "empty": [],
    }
    token = of(json.dumps(payload))
    assert token.claims == {
        "iss": "x",
        "aud": "only",
        "groups": ("a", "b"),
        "yes": True,
        "kubernetes.io": True,
        "kubernetes.io.namespace": "billing",
        "kubernetes.io.pod": True,
        "kubernetes.io.pod.name": "p",
        "empty": (),
    }
    assert token.unread == {
        "exp": "a number with a fraction",
        "mixed": "a list of something other than text",
        "kubernetes.io.odd": "a list of something other than text",
    }
    assert of(json.dumps({"iss": "x", "aud": ["a", "b"]})).claims["aud"] == ("a", "b")


@given(st.text(max_size=80) | st.binary(max_size=80))
def test_anything_is_read_or_refused(text: str | bytes) -> None:
    try:
        token = of(text)
    except TokenError:
        return
    assert isinstance(token.claims["iss"], str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_every_payload_reads_the_same_bare_and_in_a_token(further: dict[str, Any]) -> None:
    payload = {**further, "iss": "https://idp.example"}
    bare, whole = of(json.dumps(payload)), of(jwt(payload))
    assert (bare.claims, bare.unread, bare.whole) == (whole.claims, whole.unread, False)
    assert whole.whole
    assert not bare.claims.keys() & bare.unread.keys()
