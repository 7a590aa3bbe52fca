"""The brief is one file that stands alone and treats every order and every speaker alike."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest
from test_report import read
from typer.testing import CliRunner

from isthmus import cli
from isthmus.output.report.brief import BriefBundle, render_brief, write_brief
from isthmus.output.sections.claims import ClaimNote, Finding
from sample_bundle import sample_bundle


def finding(verdict: str = "supported", **more: object) -> Finding:
    values: dict[str, object] = {
        "asks": "The way from A to B is cheaper",
        "value": -12.5,
        "low": -14.0,
        "high": -9.0,
        "unit": "%",
        "pair": "order against baseline",
        "is_change": True,
        "direction": "less",
        "supported": -5.0,
        "contradicted": -1.0,
        "verdict": verdict,
    }
    return Finding(**{**values, **more})  # type: ignore[arg-type]


def note(claim_id: str, *findings: Finding, outside: bool = False, by: str = "X") -> ClaimNote:
    return ClaimNote(
        claim_id,
        by,
        "paragraph 1",
        f"What {claim_id} says",
        findings[0].verdict if findings else "not tested",
        findings,
        "What is on record",
        (("A page", "https://example.org/a"), ("an assumption", "")),
        "what it is for",
        outside,
    )


@pytest.fixture(scope="module")
def bundle() -> BriefBundle:
    one = dataclasses.replace(sample_bundle(title="One <order>"), scenario_id="one")
    two = dataclasses.replace(sample_bundle(title="Another order"), scenario_id="two")
    claims = (
        note("C1", finding(), finding("mixed", low=-14.0, high=2.0)),
        note("C2", finding("not tested", value=math.nan, low=math.nan, high=math.nan, why="none")),
        note("C3"),
        note("C4", outside=True),
        note("C5", finding("contradicted", value=math.inf, low=math.inf, high=math.inf)),
    )
    return BriefBundle(
        sample_bundle(compared=False), (one, two), claims, {}, "value of time", {"version": "0"}
    )


@pytest.fixture(scope="module")
def html(bundle: BriefBundle) -> str:
    return render_brief(bundle)


def test_it_stands_alone_and_every_tag_closes(html):
    reader = read(html)
    for tag, attributes in reader.tags:
        for name in ("src", "href", "xlink:href", "data", "action"):
            address = attributes.get(name) or ""
            if address and not address.startswith("#"):
                assert tag == "a", "only a source may lead outside"
    assert "@import" not in html
    assert "url(http" not in html
    assert "<link" not in html


def test_ids_are_unique_and_every_reference_in_a_map_resolves(html):
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<use href="#([^"]+)"', html)) <= set(ids)


def test_the_same_bundle_gives_the_same_bytes(bundle, html, tmp_path):
    assert write_brief(tmp_path / "a.html", bundle).read_text(encoding="utf-8") == html


def test_orders_claims_and_limits_are_there_and_text_is_escaped(bundle, html):
    text = " ".join("".join(read(html).text).split())
    assert "One <order>" in text
    assert "<order>" not in html.replace("&lt;order&gt;", "")
    for part in (
        "−12.5 (−14 to −9)",
        "Supported from −5 down",
        "Not tested: none",
        "no route left",
    ):
        assert part in text.replace("\u00a0", " "), part
    assert "1 supported, 0 mixed, 1 contradicted, 1 not tested" in text
    for limit in bundle.base.limits:
        assert limit in text


def test_a_claim_outside_what_data_can_test_is_named_and_not_repeated(html):
    text = "".join(read(html).text)
    assert "C4" in text
    assert "What C4 says" not in text
    assert "What C3 says" in text


def test_columns_of_orders_share_one_unit_and_countries_stand_by_the_alphabet(html):
    start = html.index('id="countries"')
    table = html[start : html.index("</table>", start)]
    units = re.findall(r"<small>([^<]+)</small>", table)
    assert units == ["USD mn/yr", "USD mn/yr"]
    names = re.findall(r'<th scope="row">([^<]+)</th>', table)
    assert names == sorted(names)
    assert len(names) > 1


def test_without_claims_the_section_is_left_out(bundle):
    text = render_brief(dataclasses.replace(bundle, claims=()))
    assert 'id="claims"' not in text


def test_another_speaker_changes_the_name_alone(bundle, html):
    renamed = tuple(dataclasses.replace(c, said_by="Y") for c in bundle.claims)
    other = render_brief(dataclasses.replace(bundle, claims=renamed))
    assert other.replace("Y said", "X said").replace("Y, paragraph", "X, paragraph") == html


def test_the_command_writes_it(tmp_path):
    target = tmp_path / "brief.html"
    command = ["brief", "aras", "rasht-astara", "--no-claims", "--method", "all_or_nothing"]
    done = CliRunner().invoke(cli.app, [*command, "--out", str(target), "--json"])
    assert done.exit_code == 0, done.output
    assert [o["order"] for o in json.loads(done.stdout)["orders"]] == ["aras", "rasht-astara"]
    text = target.read_text(encoding="utf-8")
    assert "Rasht–Astara railway in service" in text
    read(text)


def test_an_order_that_changes_nothing_is_refused(tmp_path):
    done = CliRunner().invoke(cli.app, ["brief", "baseline", "--out", str(tmp_path / "b.html")])
    assert done.exit_code != 0
    assert "changes nothing" in str(done.exception)
