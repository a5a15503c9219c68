"""What is believed without a press: touches, our script's reports, and what settles of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from surveyapp.core.evidence import Reason
from surveyapp.db import Database
from surveyapp.models import Answer, AnswerEvent, Domain, Rating, Touch
from tests.support.people import CHROMIUM, SAFARI, START, Browser, Invited, Site, Visitor, opened

SETTLED = ("counted", "settled", 5)


@pytest.fixture
def site(database: Database) -> Site:
    return opened(database)


@pytest.fixture
def person(site: Site) -> Visitor:
    """Somebody who reads the mail a good while after it came."""
    invited = site.invited()
    site.clock.forward(minutes=11)
    return Visitor(site, invited)


def half_an_hour_later(site: Site) -> None:
    site.clock.forward(minutes=30, seconds=10)
    site.worker().settle_due()


# --- one click and nothing else --------------------------------------------------------------------


@pytest.mark.parametrize("browser", [CHROMIUM, SAFARI])
def test_one_click_and_a_stay_settle_after_half_an_hour(person: Visitor, browser: Browser) -> None:
    site, person.browser = person.site, browser
    assert person.open(5).is_one_click
    assert person.tell("seen", 5) == 204
    assert site.state(person.invited) == ("held", "left_early", 5)
    site.clock.forward(seconds=3)
    assert person.tell("stayed", 5) == 204
    assert site.state(person.invited) == ("held", "waiting", 5)
    assert site.n() == 0
    site.clock.forward(minutes=29, seconds=56)
    assert site.worker().settle_due() == 0
    site.clock.forward(seconds=1)
    assert site.worker().settle_due() == 1
    assert site.state(person.invited) == SETTLED
    assert site.ratings(person.invited) == {"csat": 5}
    assert [(row["state"], row["reason"] or row["evidence"]) for row in site.rows(AnswerEvent)] == [
        ("held", "left_early"),
        ("held", "waiting"),
        ("counted", "settled"),
    ]
    assert site.worker().settle_due() == 0


def test_a_settled_answer_is_of_the_day_of_its_click(database: Database) -> None:
    site = opened(database)
    site.clock.at = START.replace(hour=22, minute=30)  # 23:30 in Berlin
    person = Visitor(site, site.invited())
    site.clock.forward(minutes=15)
    person.stay(5)
    half_an_hour_later(site)
    row = site.answer(person.invited)
    assert row and row["state"] == "counted" and str(row["day"]) == "2026-03-02"


@pytest.mark.parametrize("seconds", [0, 0.025, 2.9])
def test_whoever_closes_the_page_at_once_is_held(person: Visitor, seconds: float) -> None:
    person.open(5)
    person.tell("seen", 5)
    person.site.clock.forward(seconds=seconds)  # ours: a browser's own clock may say anything
    person.tell("stayed", 5)
    half_an_hour_later(person.site)
    assert person.site.state(person.invited) == ("held", "left_early", 5)


def test_a_page_that_nobody_saw_holds_nothing(person: Visitor) -> None:
    person.open(5)
    half_an_hour_later(person.site)
    assert person.site.rows(Answer) == []


def test_a_stay_on_one_page_is_not_proven_by_another_page(person: Visitor) -> None:
    person.open(5)
    person.tell("seen", 5)
    person.site.clock.forward(seconds=10)
    person.open(5)
    person.tell("stayed", 5)
    half_an_hour_later(person.site)
    assert person.site.state(person.invited) == ("held", "left_early", 5)


def test_each_further_touch_puts_the_settling_off_but_not_beyond_a_day(person: Visitor) -> None:
    site = person.site
    person.stay(5)
    first = site.touches(person.invited)[0]["at"]
    for _ in range(49):
        site.clock.forward(minutes=29)
        person.open(5)
        site.worker().settle_due()
        assert site.state(person.invited) == ("held", "waiting", 5)
    site.clock.at = first + timedelta(hours=24)
    site.worker().settle_due()
    assert site.state(person.invited) == SETTLED


def test_durations_are_settings(database: Database) -> None:
    site = opened(database, STAY_SECONDS="1", EARLY_SECONDS="5", SETTLE_SECONDS="10")
    person = Visitor(site, site.invited())
    site.clock.forward(seconds=5)
    assert person.open(5).is_one_click
    person.tell("seen", 5)
    site.clock.forward(seconds=1)
    person.tell("stayed", 5)
    site.clock.forward(seconds=10)
    site.worker().settle_due()
    assert site.state(person.invited) == SETTLED


# --- a gesture -------------------------------------------------------------------------------------


def test_a_gesture_counts_at_once_with_the_rating_after_it(person: Visitor) -> None:
    person.open(2)
    person.tell("seen", 2)
    assert person.tell("gesture", 5) == 204
    assert person.site.state(person.invited) == ("counted", "gesture", 5)
    assert person.tell("gesture", 4) == 204
    assert person.site.state(person.invited) == ("counted", "gesture", 4)


def test_a_gesture_replaces_no_press_and_a_report_replaces_nothing(person: Visitor) -> None:
    person.open(5)
    person.press(5)
    before = person.site.rows(Answer)
    for event in ("gesture", "seen", "stayed"):
        person.open(1)
        assert person.tell(event, 1) == 204
    assert person.site.rows(Answer) == before


def test_a_press_replaces_a_gesture(person: Visitor) -> None:
    person.open(5)
    person.tell("gesture", 2)
    person.press(5)
    assert person.site.state(person.invited) == ("counted", "press", 5)


# --- reports that are none -------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["seen", "stayed", "gesture"])
def test_a_report_of_a_rating_that_is_none_is_refused(person: Visitor, event: str) -> None:
    person.open(5)
    for rating in ("0", "6", "99999", "٣", "5.0", "05", "1_0", "", "five", " 5", "-1"):
        assert person.tell(event, rating) == 422, rating
    assert person.site.rows(Answer) == []


def test_a_report_of_an_unknown_event_is_refused(person: Visitor) -> None:
    person.open(5)
    for event in ("", "press", "counted", "SEEN", "seen\0"):
        assert person.tell(event, 5) == 422, event
    assert person.site.rows(Answer) == []


def test_a_report_needs_a_page_of_this_invitation_of_the_last_day(person: Visitor) -> None:
    site = person.site
    other = Visitor(site, site.invited())
    for nonce in ("", "x", other.open(5).nonce, person.invited.path.removeprefix("/s/")):
        person.nonce = nonce
        assert [person.tell(event, 5) for event in ("seen", "stayed", "gesture")] == [422, 422, 422]
    person.open(5)
    site.clock.forward(hours=24, seconds=2)
    assert person.tell("gesture", 5) == 422
    assert site.rows(Answer) == []


def test_a_report_from_elsewhere_is_refused(person: Visitor) -> None:
    person.open(5)
    person.headers = {"Sec-Fetch-Site": "cross-site"}
    assert person.tell("gesture", 5) == 422
    assert person.site.rows(Answer) == []


# --- what keeps an answer held ---------------------------------------------------------------------


def early(person: Visitor) -> None:
    person.site.clock.at = START + timedelta(minutes=9)
    person.stay(5)


def two_ratings(person: Visitor) -> None:
    person.stay(5)
    person.site.clock.forward(minutes=20)
    person.open(4)


def unsubscribe_link_in_the_same_minute(person: Visitor) -> None:
    person.visit(person.invited.unsubscribe)
    person.site.clock.forward(seconds=60)
    person.stay(5)


def privacy_link_in_the_same_minute(person: Visitor) -> None:
    person.stay(5)
    person.site.clock.forward(seconds=50)
    person.visit(person.invited.privacy)


def three_networks(person: Visitor) -> None:
    for network in ("192.0.2.1", "198.51.100.1", "203.0.113.1"):
        Visitor(person.site, person.invited, network=network).open(5)
    person.stay(5)


def prefetched(person: Visitor) -> None:
    person.open(5, **{"Sec-Purpose": "prefetch"})
    person.stay(5)


def a_program_came_by(person: Visitor) -> None:
    person.open(5, **{"User-Agent": "curl/8.5.0"})
    person.stay(5)


def a_remote_controlled_browser(person: Visitor) -> None:
    person.open(5)
    person.tell("seen", 5, automated="1")
    person.site.clock.forward(seconds=4)
    person.tell("stayed", 5)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (early, Reason.TOO_EARLY),
        (two_ratings, Reason.SEVERAL_RATINGS),
        (unsubscribe_link_in_the_same_minute, Reason.OTHER_LINK),
        (privacy_link_in_the_same_minute, Reason.OTHER_LINK),
        (three_networks, Reason.SEVERAL_NETWORKS),
        (prefetched, Reason.PREFETCH),
        (a_program_came_by, Reason.AUTOMATED),
        (a_remote_controlled_browser, Reason.AUTOMATED),
    ],
)
def test_held_answers_never_settle_and_a_person_still_wins(
    person: Visitor, behaviour: Callable[[Visitor], None], reason: Reason
) -> None:
    site = person.site
    behaviour(person)
    half_an_hour_later(site)
    site.clock.forward(hours=25)
    site.worker().settle_due()
    assert site.state(person.invited) == ("held", reason, 5)
    assert not person.open(5).is_one_click
    assert person.press(3).status == 303
    assert site.state(person.invited) == ("counted", "press", 3)


def test_another_link_a_minute_later_is_no_sign_of_a_machine(person: Visitor) -> None:
    person.visit(person.invited.privacy)
    person.site.clock.forward(seconds=61)
    person.stay(5)
    half_an_hour_later(person.site)
    assert person.site.state(person.invited) == SETTLED


def test_links_on_our_own_pages_are_no_touches(person: Visitor) -> None:
    person.stay(5)
    for path in (person.invited.privacy, person.invited.unsubscribe, f"{person.invited.path}/4"):
        assert person.follow(f"{path}?from=page").status == 200
    assert len(person.site.touches(person.invited)) == 1
    half_an_hour_later(person.site)
    assert person.site.state(person.invited) == SETTLED


def test_a_mail_that_is_still_queued_was_opened_too_early(site: Site) -> None:
    machine = Visitor(site, site.invited(is_mailed=True))
    site.clock.forward(hours=1)
    assert not machine.open(5).is_one_click
    machine.stay(5)
    half_an_hour_later(site)
    assert site.state(machine.invited) == ("held", "too_early", 5)


def test_a_page_is_no_one_click_when_a_rule_fails_already(person: Visitor) -> None:
    assert person.open(5).is_one_click
    assert not person.open(4).is_one_click
    assert not person.open(5).is_one_click


# --- networks --------------------------------------------------------------------------------------

NETWORKS = ["198.51.100.1", "203.0.113.1", "192.0.2.1", "2001:db8::1"]


def open_through(site: Site, addresses: list[str]) -> Invited:
    invited = site.invited()
    site.clock.forward(minutes=11)
    for address in addresses:
        headers = {"X-Forwarded-For": f"10.9.8.7, {address}"}
        Visitor(site, invited, network="127.0.0.1", headers=headers).stay(5)
    half_an_hour_later(site)
    return invited


def test_behind_a_trusted_proxy_the_networks_are_the_customers(database: Database) -> None:
    site = opened(database, TRUSTED_PROXIES="1")
    roaming = open_through(site, NETWORKS[:3])
    assert site.state(roaming) == ("held", "several_networks", 5)
    assert len({touch["network"] for touch in site.touches(roaming)}) == 3
    assert site.state(open_through(site, NETWORKS[:2])) == SETTLED


def test_without_a_trusted_proxy_a_forwarded_address_is_hearsay(site: Site) -> None:
    invited = open_through(site, NETWORKS)
    assert len({touch["network"] for touch in site.touches(invited)}) == 1
    assert site.state(invited) == SETTLED


def test_no_address_is_stored(person: Visitor) -> None:
    person.stay(5)
    person.press(5)
    everything = "".join(str(person.site.rows(table)) for table in (Touch, Answer, AnswerEvent, Rating))
    assert "203.0.113" not in everything


# --- scanners --------------------------------------------------------------------------------------


def scan(site: Site, invited: Invited) -> None:
    """Open every rating, run the page's script, come back for the rest: all within seconds."""
    machine = Visitor(site, invited)
    for rating in range(1, 6):
        machine.open(rating)
        machine.tell("seen", rating)
        machine.submit(rating, trusted="1")
        site.clock.forward(seconds=1)
    machine.visit(invited.unsubscribe)
    machine.visit(invited.privacy)
    machine.tell("stayed", 5)


def marked(site: Site) -> list[str]:
    return [row["domain"] for row in site.rows(Domain)]


def test_nothing_that_a_scanner_does_counts(site: Site) -> None:
    all_invited = [site.invited() for _ in range(5)]
    site.clock.forward(minutes=11)
    for invited in all_invited:
        scan(site, invited)
    half_an_hour_later(site)
    site.clock.forward(hours=25)
    site.worker().settle_due()
    assert site.n() == 0
    assert {site.state(invited) for invited in all_invited} == {("held", "several_ratings", 1)}
    with_press = Visitor(site, all_invited[0])
    with_press.open(4)
    with_press.press(4)
    scan(site, all_invited[0])
    assert site.state(all_invited[0]) == ("counted", "press", 4)


def test_a_machines_rating_is_not_put_before_the_person_who_comes_without_one(person: Visitor) -> None:
    scan(person.site, person.invited)
    page = person.open()
    assert (page.status, page.chosen) == (200, None) and "You chose" not in page.words


def test_whoever_comes_back_from_a_page_of_ours_finds_the_rating_still_chosen(person: Visitor) -> None:
    person.stay(4)
    assert person.follow(f"{person.invited.path}?from=page&change=1").chosen == "4"


def test_three_scanned_invitations_mark_their_domain(site: Site) -> None:
    invited = [site.invited(address=f"k{n}@Scanned.Example") for n in range(4)]
    elsewhere = site.invited(address="k@example.se")
    site.clock.forward(minutes=11)
    for each in invited[:2]:
        scan(site, each)
    assert marked(site) == []
    scan(site, invited[2])
    assert marked(site) == ["scanned.example"]
    person = Visitor(site, invited[3])
    assert not person.open(5).is_one_click
    person.stay(5)
    half_an_hour_later(site)
    assert site.state(invited[3]) == ("held", "scanning_domain", 5)
    assert Visitor(site, elsewhere).open(5).is_one_click


@pytest.mark.parametrize(("quiet", "is_marked"), [(57, True), (58, False)])
def test_a_domain_is_marked_from_five_per_cent_on(site: Site, quiet: int, is_marked: bool) -> None:
    invited = [site.invited() for _ in range(3)]
    for _ in range(quiet):
        site.invited()
    site.clock.forward(minutes=11)
    for each in invited:
        scan(site, each)
    assert (marked(site) == ["example.se"]) is is_marked


def test_invitations_older_than_30_days_mark_nothing(site: Site) -> None:
    old = [site.invited() for _ in range(2)]
    for each in old:
        scan(site, each)
    site.clock.forward(days=31)
    scan(site, site.invited())
    assert marked(site) == []


def test_a_mark_lasts_30_days(site: Site) -> None:
    for _ in range(3):
        scan(site, site.invited())

    def is_one_click() -> bool:
        invited = site.invited()
        site.clock.forward(minutes=11)
        return Visitor(site, invited).open(5).is_one_click

    site.clock.forward(days=29)
    assert not is_one_click()
    site.clock.forward(days=1)
    assert is_one_click()


def test_an_early_touch_alone_marks_nothing(site: Site) -> None:
    for _ in range(4):
        Visitor(site, site.invited()).open(5)
    assert marked(site) == []


def test_a_person_who_answered_may_look_around(site: Site) -> None:
    for _ in range(4):
        person = Visitor(site, site.invited())
        person.open(5)
        person.press(5)
        person.open(1)
        person.visit(person.invited.privacy)
    assert marked(site) == []


# --- how much is kept ------------------------------------------------------------------------------


def test_the_first_100_touches_are_kept_and_the_others_counted(person: Visitor) -> None:
    for _ in range(103):
        person.open(5)
    assert len(person.site.touches(person.invited)) == 100
    assert person.site.invitation(person.invited)["touch_count"] == 103
    assert person.press(5).status == 303


def test_touches_are_purged_after_30_days_and_nothing_else(person: Visitor) -> None:
    site = person.site
    person.open(5)
    person.press(5)
    site.clock.forward(days=15)
    person.open(4)
    answers = site.rows(Answer)
    site.clock.forward(days=15)
    assert site.worker().purge_old() == 0
    site.clock.forward(seconds=1)
    assert site.worker().purge_old() == 1
    assert [touch["rating"] for touch in site.touches(person.invited)] == [4]
    assert site.rows(Answer) == answers
    assert site.invitation(person.invited)["touch_count"] == 2
    assert person.open(5).status == 410  # long answered
    assert len(site.touches(person.invited)) == 2
