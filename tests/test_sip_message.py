"""The writer and the reader of SIP messages: one request, and what may come back, whole, cut up or broken."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base import BadAnswer
from collectors.sessions.sip_message import MOST, Message, Options, Stream, read
from tests.sip_servers import answer

ASKED = Options("192.0.2.9", 5060, "udp", ("192.0.2.1", 40000))


def whole(octets: bytes) -> Message:
    message = read("q", octets)
    assert message is not None
    return message


def streamed(*pieces: bytes) -> list[Message]:
    stream = Stream("q")
    return [message for piece in pieces for message in stream.feed(piece)]


# --- what is asked ----------------------------------------------------------------------------------------


def test_the_request_has_what_rfc_3261_wants_of_one() -> None:
    lines = Options("sip.example.org", 5061, "tls", ("2001:db8::1", 40000)).written().decode().split("\r\n")
    assert lines[0] == "OPTIONS sip:sip.example.org:5061;transport=tls SIP/2.0"
    assert lines[-2:] == ["", ""]
    fields = dict(line.split(": ", 1) for line in lines[1:-2])
    assert fields["Via"].startswith("SIP/2.0/TLS [2001:db8::1]:40000;branch=z9hG4bK")
    assert fields["Via"].endswith(";rport")
    assert fields["Contact"] == "<sip:trunkwatch@[2001:db8::1]:40000;transport=tls>"
    assert fields["To"] == "<sip:sip.example.org:5061>"
    assert ";tag=" in fields["From"]
    wanted = {"Max-Forwards": "70", "CSeq": "1 OPTIONS", "Accept": "application/sdp", "Content-Length": "0"}
    assert fields.items() >= wanted.items()
    assert fields.keys() >= {"Call-ID", "User-Agent"}


def test_two_questions_share_nothing_and_a_repeated_one_is_the_same() -> None:
    other = Options("192.0.2.9", 5060, "udp", ("192.0.2.1", 40000))
    assert ASKED.written() == ASKED.written()
    assert {ASKED.branch, ASKED.tag, ASKED.call_id}.isdisjoint({other.branch, other.tag, other.call_id})


@pytest.mark.parametrize("host", ["a b", "x\r\nEvil: y", "", "ä.example", "a;b", "<a>"])
def test_what_is_no_host_never_gets_into_a_request(host: str) -> None:
    with pytest.raises(ValueError, match="expected the name of a host"):
        Options(host, 5060, "udp", ("192.0.2.1", 40000)).written()


# --- whose answer it is -----------------------------------------------------------------------------------


def test_a_response_is_told_by_its_branch_its_cseq_and_its_call_id() -> None:
    request = ASKED.written()
    assert ASKED.answered_by(whole(answer(request)))
    for strange in (
        answer(request, Via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKother"),
        answer(request, Via="SIP/2.0/UDP 192.0.2.1"),
        answer(request, CSeq="1 INVITE"),
        answer(request, CSeq="2 OPTIONS"),
        answer(request, Call_ID="another"),
        request,
    ):
        assert not ASKED.answered_by(whole(strange))


def test_short_names_folded_lines_and_letters_of_any_size_are_read() -> None:
    text = (
        "sip/2.0 200 OK\r\nv:SIP/2.0/UDP 192.0.2.1\r\n ;received=192.0.2.1\r\n"
        f"\t;BRANCH={ASKED.branch.upper()}\r\nI : {ASKED.call_id}\r\n"
        "cseq:1  options\r\nno colon here\r\nL: 0\r\n\r\n"
    )
    message = whole(text.encode())
    assert ASKED.answered_by(message)
    assert message.status == 200


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        ("SIP/2.0 100 Trying", 100, "Trying"),
        ("SIP/2.0 404", 404, ""),
        ("SIP/2.0 699 Säge \x07\x1b[31m", 699, "Säge [31m"),
        ("SIP/2.0  503  Service  Unavailable ", 503, "Service Unavailable"),
    ],
)
def test_any_status_of_any_words_is_read_and_its_words_are_printable(
    line: str, status: int, reason: str
) -> None:
    told = whole(f"{line}\r\nServer: Avaya\x00SBCE\r\n\r\n".encode()).answer(0.5)
    assert (told.seconds, told.status, told.reason, told.server) == (0.5, status, reason, "Avaya SBCE")


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"SIP/2.0 99 Odd\r\n\r\n",
        b"SIP/2.0 700 Odd\r\n\r\n",
        b"SIP/2.0 2000 Odd\r\n\r\n",
        b"SIP/3.0 200 OK\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: x",  # cut off
        b"\xff\xfe\x00garbage" * 100,
    ],
)
def test_what_is_no_sip_is_quoted_in_at_most_eighty_characters(octets: bytes) -> None:
    with pytest.raises(BadAnswer, match="no SIP") as told:
        read("q", octets)
    assert len(told.value.detail) <= 80
    assert told.value.detail.isprintable()


@pytest.mark.parametrize("octets", [b"", b"\r\n\r\n", b"\0\0\0\0", b"\r\n"])
def test_what_only_keeps_a_path_open_is_no_answer(octets: bytes) -> None:
    assert read("q", octets) is None
    assert streamed(b"\r\n\r\n") == []


# --- a stream ---------------------------------------------------------------------------------------------


@given(cuts=st.lists(st.integers(0, 900), max_size=12))
def test_however_a_stream_is_cut_up_the_same_messages_come_out(cuts: list[int]) -> None:
    request = ASKED.written()
    stray = answer(request, "200 OK", "X: y", Call_ID="another", body=b"SIP/2.0 500 not this\r\n\r\n")
    octets = b"\r\n" + stray + b"\r\n\r\n" + answer(request, "503 Service Unavailable") + request
    places = sorted({0, *(min(cut, len(octets)) for cut in cuts), len(octets)})
    pieces = [octets[a:b] for a, b in pairwise(places)]
    assert [message.status for message in streamed(*pieces)] == [200, 503, None]


def test_a_head_without_an_end_and_a_body_too_long_are_no_answer() -> None:
    with pytest.raises(BadAnswer, match="more than 65535 octets"):
        streamed(b"SIP/2.0 200 OK\r\n", *[b"X: " + b"y" * 1000 + b"\r\n"] * 70)
    with pytest.raises(BadAnswer, match="no SIP"):
        streamed(b"y" * (MOST + 10))
    for length in ("99999", "-1", "x", "99999999999999"):
        with pytest.raises(BadAnswer, match="Content-Length"):
            streamed(f"SIP/2.0 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())


def test_what_is_no_sip_is_known_by_its_first_line() -> None:
    with pytest.raises(BadAnswer, match=r"no SIP: 'SSH-2\.0-OpenSSH_9\.2'"):
        streamed(b"SSH-2.0-Open", b"SSH_9.2\r\n")


SIPLIKE = st.lists(
    st.sampled_from(
        rb"SIP/2.0 |200 OK|Via: |;branch=|Content-Length: 5|:| |l: 70000|CSeq: 1 OPTIONS|i:|\t;".split(b"|")
    )
    | st.sampled_from([b"\r\n", b"\n", b"\r", b"\xff", b"\0", b"\r\n\r\n", b"OPTIONS sip:x SIP/2.0", b"\t;"])
    | st.binary(max_size=20),
    max_size=30,
).map(b"".join)


@given(octets=st.binary(max_size=300) | SIPLIKE)
def test_whatever_comes_is_read_or_called_unreadable(octets: bytes) -> None:
    for reading in (lambda: [read("q", octets)], lambda: streamed(octets[:7], octets[7:])):
        try:
            messages = reading()
        except BadAnswer as error:
            if len(error.detail) > 80:
                raise AssertionError(error.detail) from error
            continue
        for message in messages:
            if message is not None:
                told = message.answer(0.0)
                assert message.status is None or 100 <= told.status <= 699
                assert f"{told.reason}{told.server}".isprintable()
                assert not ASKED.answered_by(message)
