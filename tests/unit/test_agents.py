"""User agents: devices, browsers and bots, also on the public cases of uap-core and crawler-user-agents."""

import json
from collections import Counter
from functools import cache
from typing import Any

import pytest
import ua_parser
import yaml

from clickstream.enrichment import agents
from clickstream.enrichment.agents import Agent, agent
from tests.unit.public_cases import data_file, members

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.0 Mobile/15E148 Safari/604.1"
)
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/120.0.0.0 Safari/537.36"
PIXEL = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
OLD_WINDOWS = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Tablet PC 2.0)"
TELEVISION = f"Mozilla/5.0 (Linux; Android 10; BRAVIA 4K) {WEBKIT} Chrome/120.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Agent("unknown", None, None, None)),
        ("", Agent("bot", None, None, "no_agent")),
        (" \t", Agent("bot", None, None, "no_agent")),
        ("x", Agent("unknown", None, None, None)),
        (CHROME, Agent("desktop", "Chrome", "Windows", None)),
        (CHROME.replace("Safari", "Slack/4.3 Electron/26.0 Safari"), Agent("desktop", "Chrome", "Windows", None)),
        (OLD_WINDOWS, Agent("desktop", "IE", "Windows", None)),
        (IPHONE, Agent("mobile", "Mobile Safari", "iOS", None)),
        (PIXEL, Agent("mobile", "Chrome Mobile", "Android", None)),
        ("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)", Agent("mobile", "Android", "Android", None)),
        ("SAMSUNG-SGH-E250/1.0 Profile/MIDP-2.0 UP.Browser/6.2.3", Agent("mobile", "UP.Browser", None, None)),
        (PIXEL.replace(" Mobile", ""), Agent("tablet", "Chrome", "Android", None)),
        (IPHONE.replace("iPhone;", "iPad;"), Agent("tablet", "Mobile Safari", "iOS", None)),
        (TELEVISION, Agent("unknown", "Chrome", "Android", None)),
        (CHROME.replace("Chrome", "HeadlessChrome"), Agent("bot", "HeadlessChrome", "Windows", "headless")),
        ("okhttp/4.9", Agent("bot", "okhttp", None, "library")),
        (GOOGLEBOT, Agent("bot", "Googlebot", None, "crawler")),
        ("InternetArchive-1.0", Agent("bot", "InternetArchive", None, "crawler")),
    ],
)
def test_agents(text: str | None, expected: Agent) -> None:
    """Not recorded says nothing, recorded as empty says machine; people have no reason, bots have one."""
    assert agent(text) == expected


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    """Texts of full length cost and remember no more than their beginning: a pile of them cannot outlast a function."""
    assert agent(CHROME.ljust(agents.LONGEST) + "Googlebot/2.1") == agent(CHROME)
    before = agents._agent.cache_info().currsize
    for n in range(50):
        assert agent("curl/8".ljust(8000, "x") + str(n)).bot_reason == "crawler"
    assert agents._agent.cache_info().currsize == before + 1


@cache
def uap_cases(kind: str) -> list[dict[str, Any]]:
    """Cases of uap-core at e3c5e634be, 2026-08-11."""
    texts = members("uap_core.tar.xz", f"test_{kind}.yaml")
    cases: list[dict[str, Any]] = yaml.load(next(iter(texts.values())), Loader=yaml.CSafeLoader)["test_cases"]
    return cases


@pytest.mark.parametrize(("kind", "number"), [("ua", 1_601), ("os", 483), ("device", 16_129)])
def test_uap_core(kind: str, number: int) -> None:
    """Every public case has the family it should have: the rules of the locked package are at least as new."""
    parse = {"ua": ua_parser.parse_user_agent, "os": ua_parser.parse_os, "device": ua_parser.parse_device}[kind]
    cases = uap_cases(kind)
    found = [parse(case["user_agent_string"]) for case in cases]
    wrong = [case for case, got in zip(cases, found, strict=True) if case["family"] != (got.family if got else "Other")]
    assert (len(cases), wrong) == (number, [])


def test_the_agent_says_what_uap_core_says() -> None:
    """Browser and system are the families of uap-core, None where it knows none."""
    for kind, field in (("ua", "browser"), ("os", "os")):
        for case in uap_cases(kind):
            family = None if case["family"] == "Other" else case["family"]
            assert getattr(agent(case["user_agent_string"]), field) == family


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("iPhone", {"mobile": 25}),
        ("iPod", {"mobile": 8}),
        # One Puffin browser hides its iPad behind a Linux desktop.
        ("iPad", {"tablet": 21, "desktop": 1}),
        ("Mac", {"desktop": 4}),
        ("Generic Feature Phone", {"mobile": 8}),
        # Two apps say Android and nothing else.
        ("Generic Smartphone", {"mobile": 6, "tablet": 2}),
        ("Spider", {"bot": 73}),
    ],
)
def test_device_types_of_known_devices(family: str, expected: dict[str, int]) -> None:
    """Devices whose family names their kind get that kind, but for the few that hide it."""
    texts = [case["user_agent_string"] for case in uap_cases("device") if case["family"] == family]
    assert Counter(agent(text).device_type for text in texts) == expected


def test_every_known_crawler_is_a_bot() -> None:
    """All examples of the public list are found."""
    crawlers = json.loads(data_file("crawler-user-agents.json").read_text())
    examples = [text for crawler in crawlers for text in crawler["instances"]]
    assert (len(examples), [text for text in examples if agent(text).bot_reason is None]) == (2_115, [])


BROWSERS_CALLED_BOTS = {"WIRE", "Opera Mini", "HeyTap Browser"}
"""One text each that holds the word of a crawler: the WIRED app, the MAUI runtime, and `Tap` in HeyTapBrowser."""
MACHINES = {
    "AHC", "Apache-HttpClient", "Catchpoint", "DAVdroid", "Feedbin", "GmailImageProxy", "Go-http-client", "HTTPie",
    "HTTrack", "HeadlessChrome", "Java-EurekaClient", "Jersey", "Mediapartners-Google", "Monitis", "Node-oauth",
    "OpenVAS Scanner", "PhantomJS", "Python Requests", "Python aiohttp", "RackspaceBot", "Ruxit Synthetic", "Site24x7",
    "Tiny Tiny RSS", "Wget", "axios", "curl", "got", "libwww-perl", "okhttp", "wget2",
}  # fmt: skip
"""Programs, monitors and feed readers that uap-core does not call spiders."""


def test_few_browsers_are_called_bots() -> None:
    """Of the 1,601 browser cases of uap-core, machines apart, three are called bots: those listed."""
    called = set()
    for case in uap_cases("ua"):
        text = case["user_agent_string"]
        device = ua_parser.parse_device(text)
        if agent(text).bot_reason and not (device and device.family == "Spider"):
            called.add(case["family"])
    assert called == BROWSERS_CALLED_BOTS | MACHINES
