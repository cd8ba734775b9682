"""Every variant of the template holds on the transformed result: lint, references, limits.

cfn-lint passes mistakes in what the transform has yet to expand, so it is given what CloudFormation
is given in the end.
"""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from cfnlint.api import lint
from tests.support.stacks.templates import (
    TEMPLATE,
    circles,
    decided,
    references,
    source,
    transformed,
    undecided,
)
from tests.support.stacks.variants import CHOICES, VARIANTS, parameters_of_conditions

from run_ledger_ops.deploying import template as templates

REGION = "eu-central-1"
# That each parameter is used is seen in the template as written; the transform uses up some.
UNUSED_PARAMETER = "W2001"
# SAM hands the UpdateReplacePolicy that its versions need on to all that it makes of a function.
ONE_POLICY_ALONE = "W3011"
# SAM puts a conditional function's paths under the condition that their API has, too.
ALWAYS_SO = "W1028"


def findings(template: dict[str, Any]) -> list[str]:
    """Return what cfn-lint says about a transformed template."""
    return [
        f"{found.rule.id} {found.message} {found.path}"
        for found in lint(json.dumps(template), None, [REGION])
        if found.rule.id not in {UNUSED_PARAMETER, ONE_POLICY_ALONE, ALWAYS_SO}
    ]


def settled(variant: dict[str, str]) -> dict[str, Any]:
    """Return a variant as a template without conditions, its values as the parameters' defaults."""
    template = transformed(**variant)
    parameters = {
        name: {"Type": one["Type"], "Default": variant.get(name, one["Default"])}
        for name, one in template["Parameters"].items()
    }
    left = {name: part for name, part in template.items() if name not in {"Conditions", "Rules"}}
    without = {
        section: {
            name: {key: value for key, value in one.items() if key != "Condition"}
            for name, one in template[section].items()
        }
        for section in ("Resources", "Outputs")
    }
    return {**left, **without, "Parameters": parameters}


# --- the variants ---------------------------------------------------------------------------------


def test_variants_cover_every_two_choices() -> None:
    """Each two choices are made together, one without the other, and not at all."""
    for one, other in combinations(CHOICES, 2):
        ways = {(one.items() <= row.items(), other.items() <= row.items()) for row in VARIANTS}
        assert len(ways) == 4, (one, other)


@pytest.mark.parametrize("variant", VARIANTS, ids=range(len(VARIANTS)))
def test_variant_has_values_that_its_parameters_may_have(variant: dict[str, str]) -> None:
    """Each variant is one that somebody could deploy."""
    templates.read(TEMPLATE).check(variant)


def test_each_condition_falls_both_ways() -> None:
    """No condition is left out: a parameter that it goes by is among the choices."""
    chosen = {name for choice in CHOICES for name in choice}
    assert parameters_of_conditions() <= chosen
    conditions = [decided(undecided(), variant) for variant in VARIANTS]
    for name in conditions[0]:
        assert {one[name] for one in conditions} == {True, False}, name


# --- lint -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("gradual", ["false", "true"])
def test_transformed_template_is_right_with_its_conditions(gradual: str) -> None:
    """cfn-lint, which thinks conditions through, has nothing to say about the transform's result.

    It refuses a DependsOn, a Ref or a GetAtt whose target a condition may leave out (E3005, W1001).
    """
    assert findings(undecided(GradualRollout=gradual)) == []


@pytest.mark.parametrize("variant", VARIANTS, ids=range(len(VARIANTS)))
def test_variant_is_right_on_its_own(variant: dict[str, str]) -> None:
    """cfn-lint has nothing to say about what is left once the conditions are decided."""
    assert findings(settled(variant)) == []


def test_lint_of_the_result_can_fail() -> None:
    """A DependsOn on a resource that a condition leaves out is found, as it was once there."""
    broken = undecided()
    broken["Resources"]["Api"]["DependsOn"] = "ApiGatewayAccount"
    (found,) = findings(broken)
    assert found.startswith("E3005 'ApiGatewayAccount' will not exist")


# --- references -----------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS, ids=range(len(VARIANTS)))
def test_every_reference_leads_somewhere(variant: dict[str, str]) -> None:
    """Nothing refers to a resource that is not there, nor needs itself; DependsOn included."""
    template = transformed(**variant)
    there = {*template["Resources"], *template["Parameters"]}
    wanted = {*references(template["Resources"]), *references(template["Outputs"])}
    for resource in template["Resources"].values():
        needed = resource.get("DependsOn", [])
        wanted |= {needed} if isinstance(needed, str) else set(needed)
    assert {name for name in wanted if not name.startswith("AWS::")} <= there
    assert circles(template) == []


def test_what_has_a_condition_is_waited_for_by_reference() -> None:
    """A DependsOn can't be conditional, so none names a resource that has a condition."""
    written = source()["Resources"]
    conditional = {name for name, resource in written.items() if "Condition" in resource}
    for resource in written.values():
        needed = resource.get("DependsOn", [])
        assert not conditional & ({needed} if isinstance(needed, str) else set(needed))
    assert conditional >= {"ApiGatewayAccount", "Distribution"}
