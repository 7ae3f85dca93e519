"""The service on a real systemd: a Debian that boots, installed by docs/install.md, watching the lab.

The tests stand in the order of a site's life and share one machine; each leaves it running and healthy, but
the last, which uninstalls. They need root and Debian's mmdebstrap and systemd-container.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import yaml

from tests.booted import missing
from tests.installed import AS_ALICE, ELSEWHERE, SITE, TO_FIRST_START, Site, installed, lab_site, sections

pytestmark = pytest.mark.xdist_group("booted")  # one worker, so that one machine is booted

HALF = ("major", "half-capacity", "cm1", "trunks")
DROP_IN = "/etc/systemd/system/trunkwatch.service.d/test.conf"
STARTED = ("Start", "Host keys", "First answers", "First ticket", "Operators", AS_ALICE, "Where to look")
LATER = ("Reload", "From the wheelhouse", "Upgrade", "Uninstall", "Purge")  # followed by tests of their own


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site where the page was followed to its first ticket."""
    if lacking := missing():
        pytest.skip(lacking)
    with installed() as site:
        site.follow("Start", "Host keys")
        assert site.ready(), site.machine.journal("--unit=trunkwatch")
        yield site


@pytest.fixture
def healthy(site: Site) -> Site:
    """The site with nothing wrong and the service running."""
    site.lab("clear")
    assert site.until("systemctl is-active trunkwatch", 10)
    assert site.ready()
    assert site.shows(set()), site.machine.journal("--unit=trunkwatch")
    return site


def test_every_command_of_the_page_is_run_by_these_tests() -> None:
    assert set(sections()) == {*TO_FIRST_START, *STARTED, *LATER, *ELSEWHERE}


def test_the_page_leads_from_a_fresh_debian_to_the_first_ticket(healthy: Site) -> None:
    assert healthy.until(seen(4), 20), healthy.property("StatusText")
    polled, readiness, metrics = healthy.follow("First answers")
    assert "trunk-group 1" in polled.out
    assert readiness.out.strip() == "Each of 7 ways of access answered or timed out once."
    for way in (
        'protocol="snmp",system="gw-east"',
        'protocol="ssh",system="gw-east"',
        'protocol="sat",system="cm1"',
    ):
        assert f"avaya_up{{{way}}} 1.0" in metrics.out
    healthy.lab("fault half-of-trunks-out")
    assert healthy.shows({HALF})
    listed, log = healthy.follow("First ticket")
    assert "23 of 46 trunks out of service" in listed.out
    assert "MAJOR OPEN" in log.out


def test_the_group_may_tail_the_log_and_ask_and_nobody_else_may(healthy: Site) -> None:
    healthy.follow("Operators")
    listed, log = healthy.follow(AS_ALICE)
    assert listed.out == healthy.must("trunkwatch tickets list --all")
    assert "systems seen" in log.out
    assert healthy.run("trunkwatch poll cm1", user="alice").ok  # the daemon asks: alice reads no credential
    for command in (
        "tail /var/log/trunkwatch/alert.log",
        "cat /var/lib/trunkwatch/journal.db",
        f"cat {SITE}",
        "trunkwatch tickets list",
        "trunkwatch tickets respond TW-000001",
        "trunkwatch tickets list --site /srv/bob.yaml",  # a site file of one's own opens no door
    ):
        healthy.machine.put("/srv/bob.yaml", lab_site())
        denied = healthy.run(command, user="bob")
        assert not denied.ok, denied
        assert re.search("ermission denied|may not read|not in the group", denied.err), denied
    for user in ("alice", "bob"):
        assert not healthy.run("ls /etc/trunkwatch/credentials", user=user).ok
        assert not healthy.run("ls /run/credentials/trunkwatch.service", user=user).ok
    refused = healthy.run("trunkwatch reload", user="alice")
    assert refused.err.strip() == "only root may let the daemon take its site file anew: use sudo"


def test_who_answered_a_ticket_is_recorded_by_the_kernels_word(healthy: Site) -> None:
    healthy.follow("Operators")
    healthy.lab("fault half-of-trunks-out")
    assert healthy.shows({HALF})
    (ticket,) = healthy.tickets()
    healthy.must(f"USER=mallory LOGNAME=mallory trunkwatch tickets respond {ticket['id']}", user="alice")
    (answered,) = healthy.tickets()
    assert answered["responded_by"] == "alice"
    assert healthy.must(f"grep -c 'RESPOND {ticket['id']}' /var/log/trunkwatch/alert.log").strip() == "1"


def test_the_installed_unit_is_sound_and_exposed_to_at_most_1_3(healthy: Site) -> None:
    verified = healthy.run("systemd-analyze verify trunkwatch.service")
    assert (verified.status, verified.err) == (0, "")
    said = healthy.must("systemd-analyze security --no-pager trunkwatch.service")
    exposure = re.search(r"Overall exposure level for trunkwatch.service: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= 1.3, said


def test_a_credential_is_read_from_systemd_alone(healthy: Site) -> None:
    listed = healthy.must("ls /run/credentials/trunkwatch.service").split()
    assert listed == [
        "credentials_auth-password",
        "credentials_community",
        "credentials_privacy-password",
        "credentials_ssh-password",
    ]
    environment = healthy.must("tr '\\0' '\\n' </proc/$(systemctl show -P MainPID trunkwatch)/environ")
    assert "CREDENTIALS_DIRECTORY=/run/credentials/trunkwatch.service" in environment
    # The service itself could not read the folder of root's.
    assert healthy.must("stat -c '%U %a' /etc/trunkwatch/credentials").strip() == "root 700"


def test_a_reload_takes_a_changed_site_file_and_refuses_a_wrong_one(healthy: Site) -> None:
    before = healthy.property("MainPID")
    whole = yaml.safe_load(lab_site())
    fewer = [system for system in whole["systems"] if system["name"] != "gw-west"]
    _write_site(healthy, lab_site(systems=fewer))
    healthy.follow("Reload")
    assert healthy.until(seen(3), 20)
    _write_site(healthy, lab_site(zone="Mars/Olympus"))
    refused = healthy.run("systemctl reload trunkwatch")
    assert not refused.ok
    said = "\n".join(healthy.machine.journal("--unit=trunkwatch", "--lines=20"))
    assert "zone: expected a time zone such as America/Chicago; got 'Mars/Olympus'" in said
    assert healthy.property("ActiveState") == "active"
    _write_site(healthy, lab_site())
    healthy.follow("Reload")
    assert healthy.until(seen(4), 20)
    assert healthy.property("MainPID") == before


def test_a_killed_daemon_is_back_within_seconds_with_the_same_tickets(healthy: Site) -> None:
    healthy.lab("fault half-of-trunks-out")
    assert healthy.shows({HALF})
    before = healthy.tickets(every=True)
    killed = healthy.property("MainPID")
    began = time.monotonic()
    healthy.must(f"kill -KILL {killed}")
    assert healthy.until(
        f'p=$(systemctl show -P MainPID trunkwatch); [ "$p" != 0 ] && [ "$p" != {killed} ]', 15
    )
    assert healthy.until("systemctl is-active trunkwatch", 15)
    assert time.monotonic() - began < 15
    assert healthy.ready()
    assert [(t["id"], t["began"]) for t in healthy.tickets(every=True)] == [
        (t["id"], t["began"]) for t in before
    ]


def test_a_hung_daemon_is_ended_by_the_watchdog_and_started_again(healthy: Site) -> None:
    healthy.machine.put(DROP_IN, "[Service]\nWatchdogSec=4s\n")
    healthy.must("systemctl daemon-reload && systemctl restart trunkwatch")
    hung = healthy.property("MainPID")
    time.sleep(5)  # longer than the watchdog waits: it is being fed
    assert healthy.property("MainPID") == hung
    healthy.must(f"kill -STOP {hung}")
    assert healthy.until(
        f'p=$(systemctl show -P MainPID trunkwatch); [ "$p" != 0 ] && [ "$p" != {hung} ]', 30
    )
    assert healthy.ready()
    said = "\n".join(healthy.machine.journal("--unit=trunkwatch", "--lines=200"))
    assert "Watchdog timeout (limit 4s)!" in said
    assert "Current thread" in said  # where it hung
    healthy.must(f"rm {DROP_IN} && systemctl daemon-reload && systemctl restart trunkwatch")


def test_it_stops_within_ten_seconds_while_devices_hang(healthy: Site) -> None:
    for system in ("cm1", "gw-east", "gw-west"):
        healthy.lab(f"fault silent {system}")
    healthy.must("sleep 1")
    began = time.monotonic()
    healthy.must("systemctl stop trunkwatch")
    assert time.monotonic() - began < 10
    assert healthy.property("Result") == "success"
    assert healthy.property("ActiveState", "trunkwatch-retry.timer") == "inactive"
    healthy.must("systemctl start trunkwatch")


def test_what_cannot_start_is_told_and_tried_again_slowly_until_it_can(healthy: Site) -> None:
    healthy.machine.put(
        "/etc/systemd/system/trunkwatch-retry.timer.d/test.conf",
        "[Timer]\nOnUnitInactiveSec=\nOnUnitInactiveSec=4s\n",
    )
    healthy.must("systemctl daemon-reload")
    _write_site(healthy, lab_site(zone="Mars/Olympus"))
    assert not healthy.run("systemctl restart trunkwatch").ok  # at once, not after a while
    assert healthy.property("ActiveState") == "failed"
    assert healthy.until(
        "journalctl --no-pager --priority crit --identifier trunkwatch | "
        "grep -q 'Nothing watches the phone systems: trunkwatch.service failed (exit-code, exited 2)'",
        5,
    )
    _write_site(healthy, lab_site())
    assert healthy.until("systemctl is-active trunkwatch", 15)
    healthy.must("rm -r /etc/systemd/system/trunkwatch-retry.timer.d && systemctl daemon-reload")
    healthy.follow("Where to look")


def test_logrotate_moves_the_log_and_the_daemon_goes_on_in_the_new_one(healthy: Site) -> None:
    was = healthy.must("cat /var/log/trunkwatch/alert.log")
    said = healthy.run("logrotate --verbose --force /etc/logrotate.d/trunkwatch")
    assert said.ok, said.err
    healthy.lab("fault half-of-trunks-out")
    assert healthy.shows({HALF})
    # The same failure within hours is its old ticket again.
    assert healthy.until("grep -Eq 'MAJOR (RE)?OPEN' /var/log/trunkwatch/alert.log", 10)
    (moved,) = healthy.must("ls /var/log/trunkwatch/alert.log-*").split()
    assert healthy.must(f"cat {moved}") == was
    for path in (moved, "/var/log/trunkwatch/alert.log"):
        assert healthy.must(f"stat -c '%U:%G %a' {path}").strip() == "trunkwatch:trunkwatch 640"


def test_an_upgrade_in_place_keeps_the_tickets_and_the_site_file(healthy: Site) -> None:
    before, running = healthy.tickets(every=True), healthy.property("MainPID")
    release = healthy.must("readlink /opt/trunkwatch/current")
    healthy.must(f"echo '# ours' >>{SITE}")
    broken_off = "timeout --signal=KILL 3 make install WHEELHOUSE=dist/wheelhouse"
    assert not healthy.run(broken_off).ok
    healthy.must("cp -R dist/wheelhouse dist/changed && echo | tee --append dist/changed/tzdata-*.whl")
    changed = healthy.run("make install WHEELHOUSE=dist/changed")
    assert not changed.ok
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in changed.err
    assert healthy.must("readlink /opt/trunkwatch/current") == release
    healthy.must("trunkwatch version")
    healthy.follow("From the wheelhouse")
    assert healthy.must("readlink /opt/trunkwatch/current") != release
    assert healthy.property("MainPID") == running
    healthy.follow("Upgrade")
    assert healthy.ready()
    assert healthy.tickets(every=True)[: len(before)] == before
    assert healthy.must(f"tail -n 1 {SITE}") == "# ours\n"
    # The one in use and the one before it; what broke off is gone.
    assert len(healthy.must("ls /opt/trunkwatch/releases").split()) == 2


def test_nothing_was_complained_of_but_what_the_tests_did(healthy: Site) -> None:
    said = healthy.machine.journal("--unit=trunkwatch", "--priority=3")
    assert [line for line in said if "Traceback" in line or "bug of the agent" in line] == []


def test_an_uninstallation_keeps_what_the_site_owns_and_a_purge_nothing(healthy: Site) -> None:
    tickets = healthy.tickets(every=True)
    (removed,) = healthy.follow("Uninstall")
    assert "kept: /etc/trunkwatch" in removed.out
    assert healthy.run("systemctl cat trunkwatch").status != 0
    assert (
        healthy.run(
            "ls /opt/trunkwatch /usr/local/bin/trunkwatch /usr/local/lib/systemd/system/trunkwatch*"
        ).out
        == ""
    )
    healthy.must(
        f"test -f {SITE} && test -s /var/lib/trunkwatch/journal.db && test -s /var/log/trunkwatch/alert.log"
    )
    healthy.follow("From the wheelhouse", "Check", "Start")
    assert healthy.ready()
    assert healthy.tickets(every=True)[: len(tickets)] == tickets
    healthy.follow("Uninstall", "Purge")
    assert (
        healthy.must(
            "find / -xdev -path /usr/src -prune -o -name '*trunkwatch*' -print | grep -v journal || true"
        )
        == ""
    )


def seen(systems: int) -> str:
    """A command that succeeds once systemd was told that so many of so many systems are seen."""
    return f"systemctl show -P StatusText trunkwatch | grep -q '^{systems} of {systems} systems seen'"


def _write_site(site: Site, text: str) -> None:
    site.machine.put("/root/typed/site.yaml", text)
    site.must(f"editor {SITE}")
