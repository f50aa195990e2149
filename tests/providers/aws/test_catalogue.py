"""What is asked of the catalogue of actions, and that nothing it does not know ends the asking."""

from __future__ import annotations

import pytest

from auditor.providers.aws.catalogue import Writes, arn_services, exists, wide, writes


@pytest.mark.parametrize(
    ("pattern", "wide_"),
    [
        ("*", True),
        ("arn:aws:s3:::*", True),
        ("arn:aws:s3:::*/*", True),
        ("arn:aws:s3:::artifacts/*", False),
        ("arn:aws:s3:::artifacts*", False),
        ("arn:aws:s3:::*-logs", False),
        ("arn:aws:s3:::artifacts", False),
        ("arn:aws:dynamodb:*:*:table/*", True),
        ("arn:aws:dynamodb:*:*:table/orders*", False),
        ("arn:aws:lambda:eu-west-1:111122223333:function:*", True),
        ("arn:aws:lambda:eu-west-1:111122223333:function:ci-*", False),
        ("arn:aws:logs:*:*:*", True),
        ("arn:aws:ssm:*:*:parameter/*", True),
        ("arn:aws:ssm:*:*:parameter/team/*", False),
        ("arn:aws:iam::111122223333:role/*", True),
        ("arn:aws:iam::111122223333:role/ci/*", False),
        ("arn:aws:codestar:*:*:project/*", True),
        ("arn:aws:codestar:*:*:project/x*", False),
        ("arn:aws:codestar:*:*:*", True),
        ("my-bucket", False),
    ],
)
def test_wide_is_past_every_name(pattern: str, wide_: bool) -> None:
    assert wide(pattern) is wide_


def test_writes_of_a_pattern() -> None:
    assert writes("s3:putobject") == (Writes("s3", ("s3:putobject",), whole=False),)
    assert writes("s3:getobject") == ()
    assert writes("ecs:update*s*vice") == (
        Writes("ecs", ("ecs:updateexpressgatewayservice", "ecs:updateservice"), whole=False),
    )
    (whole,) = writes("lambda:*")
    assert (whole.whole, whole.known, "lambda:updatefunctioncode" in whole.actions) == (True, True, True)
    assert writes("cloudwatch:putmetricdata") == ()
    assert writes("iam:passrole") == ()
    assert len(writes("*:delete*")) > 200


def test_names_that_are_not_known() -> None:
    assert not exists("codestar")
    assert writes("codestar:*") == (Writes("codestar", (), whole=True, known=False),)
    assert writes("codestar:createproject") == (
        Writes("codestar", ("codestar:createproject",), whole=False, known=False),
    )
    assert writes("codestar:describeproject") == ()
    assert writes("s3:putnothing") == (Writes("s3", ("s3:putnothing",), whole=False, known=False),)
    assert writes("nonsense") == ()
    assert writes("../../etc/passwd:*") == (Writes("../../etc/passwd", (), whole=True, known=False),)


def test_services_in_whose_arns_actions_are_checked() -> None:
    assert arn_services("ec2-instance-connect") == {"ec2-instance-connect", "ec2"}
    assert arn_services("codestar") == {"codestar"}
