import json

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sampled_from, text

from chalicelib.channels import discord, teams
from chalicelib.channels.letters import fit, json_bytes, letter, units
from chalicelib.core.alerts import Reason

SPELLINGS = {"plain": str, "Discord": discord.escape, "Teams": teams.escape}
ANYTHING = text(alphabet='ab&<*_[]\\-1. ://\n"é\U0001f525', max_size=60)


@settings(deadline=None)
@given(ANYTHING, integers(3, 80), sampled_from(list(SPELLINGS)), sampled_from([units, json_bytes]))
def test_a_text_keeps_to_its_limit(written, limit, spelling, size):
    """However it is counted and spelled, a text fits; it is whole, or begins so and ends in an ellipsis."""
    spell = SPELLINGS[spelling]
    fitted = fit(written, limit, size, spell)
    assert size(fitted) <= limit
    beginnings = {spell(written[:n]) + "…" for n in range(len(written))}
    assert fitted == spell(written) or fitted in beginnings


@settings(deadline=None)
@given(ANYTHING, integers(3, 80))
def test_no_more_is_cut_than_must_be(written, limit):
    """With one letter more a text that was cut would not fit."""
    fitted = fit(written, limit, spell=discord.escape)
    if fitted != discord.escape(written):
        kept = next(n for n in range(len(written)) if discord.escape(written[:n]) + "…" == fitted)
        assert units(discord.escape(written[: kept + 1]) + "…") > limit


@pytest.mark.parametrize("word", ["a", "é", "日", "\U0001f525", '"', "\n", "\\"])
def test_sizes_are_what_the_wire_carries(word):
    """Letters are counted as UTF-16 has them, bytes as they stand in a JSON document."""
    assert units(word) == len(word.encode("utf-16-le")) // 2
    assert json_bytes(word) == len(json.dumps(word, ensure_ascii=False).encode()) - 2


def test_a_letter_tells_all(probed):
    """What happened comes first, then the facts, what the job said, and the delivery's id at the end."""
    happened, facts, said, delivery = letter(probed(body=b"disk full\n95 %")).split("\n\n")
    assert happened == "Shop is down. The probes failed: expected 200, got 503 (eu-west-1)."
    assert facts.splitlines() == [
        "Target: https://shop.example/health",
        "Down since: 2026-11-22 12:00:05 UTC",
        "Tags: prod db",
        "Project: Alice's servers",
    ]
    assert said == "The last signal carried:\ndisk full\n95 %"
    assert delivery == "Delivery d-1"


@pytest.mark.parametrize("reason", Reason)
def test_a_letter_leaves_nothing_empty(alert, reason):
    """Where nothing was said there is no heading for it either."""
    told = letter(alert(reason))
    assert "carried" not in told
    assert all(told.split("\n\n"))
