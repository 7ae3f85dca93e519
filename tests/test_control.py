"""The control socket with real clients: honest, slow, silent, rude, too many, and of another user."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import agent.control
from agent.control import CLIENTS, Answer, Caller, ControlError, ControlServer, Request, ask

ROOT = Path(agent.control.__file__).parent.parent
DEADLINE = 0.5  # seconds; the daemon's is 5


@pytest.fixture
def path() -> Iterator[Path]:
    """A socket path that is short and may be reached by other users (pytest's own folders are neither)."""
    folder = Path(tempfile.mkdtemp(prefix="trunkwatch-test-"))
    folder.chmod(0o755)
    yield folder / "control.sock"
    shutil.rmtree(folder)


async def echo(request: Request, caller: Caller) -> Answer:
    return Answer(ok=True, body={"question": request.question, "arguments": dict(request.arguments)})


def served(
    path: Path,
    story: Callable[[], Awaitable[None]],
    answer: Callable[[Request, Caller], Awaitable[Answer]] = echo,
    **limits: float,
) -> None:
    """Tell a story while a server listens, and see that it leaves nothing behind."""

    async def run() -> None:
        server = ControlServer(path, answer, **({"deadline": DEADLINE} | limits))
        await server.start()
        try:
            async with asyncio.timeout(30):
                await story()
        finally:
            await server.stop()
        assert not exists(path)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


async def asked(path: Path, question: str = "tickets", **arguments: str) -> Answer | None:
    return await asyncio.to_thread(ask, path, Request(question, arguments), 10.0)


async def said(path: Path, raw: bytes, *, end: bool = False) -> Any:
    """What the server answers to raw bytes; None if it hangs up without a word."""
    return await asyncio.to_thread(say, path, raw, end)


def say(path: Path, raw: bytes, end: bool) -> Any:
    with connected(path) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(raw)
        if end:
            client.shutdown(socket.SHUT_WR)
        heard = drained(client)
    assert heard.count(b"\n") == heard.endswith(b"\n")
    return json.loads(heard) if heard else None


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(str(path))
    return client


def exists(path: Path) -> bool:
    return os.path.lexists(path)


def drained(client: socket.socket) -> bytes:
    """All that the server says until it hangs up."""
    heard = b""
    with suppress(ConnectionResetError):
        while block := client.recv(1 << 20):
            heard += block
    return heard


# --- question and answer ------------------------------------------------------------------------------------


def test_a_question_and_its_arguments_arrive_and_the_answer_comes_back(path: Path) -> None:
    async def story() -> None:
        answer = await asked(path, "explain", ticket="TW-000001", note='a\nb "ü"')
        arguments = {"ticket": "TW-000001", "note": 'a\nb "ü"'}
        assert answer == Answer(ok=True, body={"question": "explain", "arguments": arguments}, error=None)
        assert await said(path, b'{"question": "log"}\n') == {
            "ok": True,
            "body": {"question": "log", "arguments": {}},
            "error": None,
        }

    served(path, story)


def test_an_answer_of_many_megabytes_arrives_whole(path: Path) -> None:
    body = ["0123456789" * 100] * 20_000

    async def long(request: Request, caller: Caller) -> Answer:
        return Answer(ok=True, body=body)

    async def story() -> None:
        assert await asked(path) == Answer(ok=True, body=body)

    served(path, story, long, deadline=5.0)


def test_an_answer_arrives_whole_also_when_the_client_is_in_no_hurry(path: Path) -> None:
    async def long(request: Request, caller: Caller) -> Answer:
        return Answer(ok=True, body="x" * int(request.question))

    async def story() -> None:
        # Around what the kernel takes at once, where the rest is little enough to be forgotten.
        for length in range(150_000, 400_000, 10_000):
            with connected(path) as client:
                client.sendall(b'{"question": "%d"}\n' % length)
                await until(lambda: bool(select.select([client], [], [], 0)[0]))
                assert len(json.loads(await asyncio.to_thread(drained, client))["body"]) == length

    served(path, story, long, deadline=5.0)


def test_the_server_knows_from_the_kernel_who_asks(path: Path) -> None:
    callers = []

    async def note(request: Request, caller: Caller) -> Answer:
        callers.append(caller)
        return Answer(ok=True)

    async def story() -> None:
        await asked(path)

    served(path, story, note)
    assert callers == [Caller(uid=os.getuid(), gid=os.getgid(), pid=os.getpid())]


def test_the_socket_is_for_owner_and_group_whatever_the_umask(path: Path) -> None:
    async def story() -> None:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660

    for umask in (0o077, 0o000):
        before = os.umask(umask)
        try:
            served(path, story)
        finally:
            os.umask(before)


# --- bad requests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"\n", "does not understand the request: the line: Invalid JSON"),
        (b"tickets\n", "does not understand the request: the line: Invalid JSON"),
        (b'{"question": "\xff"}\n', "does not understand the request: the line: Invalid JSON"),
        (b"[]\n", "does not understand the request: the line"),
        (b"{}\n", "does not understand the request: question"),
        (b'{"question": 5}\n', "does not understand the request: question"),
        (b'{"question": "a", "arguments": {"b": 5}}\n', "does not understand the request: arguments.b"),
        (b'{"question": "a", "arguments": {"b": {}}}\n', "does not understand the request: arguments.b"),
        (b'{"question": "a", "arguments": []}\n', "does not understand the request: arguments"),
        (b'{"question": "a", "shout": true}\n', "does not understand the request: shout"),
        (b"[" * 60_000 + b"\n", "does not understand the request: the line"),
        (b"x" * 65_536 + b"\n", "the request is longer than 64 KiB"),
        (b"x" * 1_000_000, "the request is longer than 64 KiB"),
        (b'{"question": "a"}', "the request does not end in a newline"),
    ],
)
def test_a_request_of_unknown_shape_gets_an_error_answer(path: Path, raw: bytes, error: str) -> None:
    async def story() -> None:
        answer = await said(path, raw, end=not raw.endswith(b"\n") and len(raw) < 100)
        assert (answer["ok"], answer["body"]) == (False, None)
        assert error in answer["error"]
        assert await asked(path) is not None

    served(path, story)


def test_the_longest_request_is_64_kib_with_its_newline(path: Path) -> None:
    frame = len(b'{"question": ""}\n')

    async def story() -> None:
        fits = b'{"question": "%b"}\n' % (b"q" * (64 * 1024 - frame))
        assert (await said(path, fits))["ok"] is True
        with pytest.raises(ControlError, match="longer than 64 KiB; ask for less"):
            await asked(path, "q" * 64 * 1024)

    served(path, story)


def test_a_client_that_leaves_without_a_word_gets_none(path: Path) -> None:
    async def story() -> None:
        assert await said(path, b"", end=True) is None

    served(path, story)


# --- answers that fail --------------------------------------------------------------------------------------


async def fail(request: Request, caller: Caller) -> Answer:
    match request.question:
        case "raise":
            raise RuntimeError("the community is s3cret")
        case "time out":
            raise TimeoutError("of its own")
        case "no json":
            return Answer(ok=True, body=object())
        case "no number":
            return Answer(ok=True, body=float("nan"))
        case "no text":
            return Answer(ok=True, body="\ud800")
    return Answer(ok=True)


@pytest.mark.parametrize("question", ["raise", "time out", "no json", "no number", "no text"])
def test_an_answer_that_fails_is_logged_and_told_as_an_error(
    path: Path, question: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        error = f"the daemon failed at {question}; its log says why"
        assert await asked(path, question) == Answer(ok=False, error=error)
        assert await asked(path, "well") == Answer(ok=True)

    served(path, story, fail)
    (record,) = (record for record in caplog.records if record.name == "agent.control")
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert f"the question '{question}' could not be answered" in record.message


def test_an_answer_that_is_never_found_ends_in_an_error(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def never(request: Request, caller: Caller) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async def story() -> None:
        answer = await asked(path, "poll")
        assert answer == Answer(ok=False, error="the daemon found no answer to poll within 0.2 s")

    served(path, story, never, longest=0.2)
    assert "no answer to 'poll' was found within 0.2 s" in caplog.text


def test_a_client_that_hangs_up_mid_answer_does_no_harm(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Request, caller: Caller) -> Answer:
        if request.question == "slow":
            began.set()
            await go_on.wait()
            return Answer(ok=True, body="x" * 5_000_000)
        return Answer(ok=True, body="quick")

    async def story() -> None:
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"question": "slow"}\n')
        await began.wait()
        writer.close()
        await writer.wait_closed()
        go_on.set()
        assert await asked(path) == Answer(ok=True, body="quick")

    served(path, story, slow)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_client_that_does_not_take_its_answer_is_let_go_after_the_deadline(path: Path) -> None:
    async def long(request: Request, caller: Caller) -> Answer:
        return Answer(ok=True, body="x" * 5_000_000)

    async def story() -> None:
        with connected(path) as client:
            client.sendall(b'{"question": "log"}\n')
            me = {asyncio.current_task()}
            await until(lambda: len(asyncio.all_tasks()) > len(me))
            await until(lambda: asyncio.all_tasks() == me, within=DEADLINE * 4)
            heard = await asyncio.to_thread(drained, client)
        assert 0 < len(heard) < 5_000_000

    served(path, story, long)


async def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


# --- silent clients, too many clients -----------------------------------------------------------------------


def test_a_silent_client_is_told_why_it_must_go_after_the_deadline(path: Path) -> None:
    async def story() -> None:
        began = time.monotonic()
        for raw in (b"", b'{"question"'):
            answer = await said(path, raw)
            assert answer["error"] == "no request came within 0.5 s; send one line of JSON"
        assert DEADLINE * 2 <= time.monotonic() - began < DEADLINE * 2 + 2

    served(path, story)


def test_forty_silent_clients_do_not_keep_another_one_waiting(path: Path) -> None:
    async def story() -> None:
        silent = [connected(path) for _ in range(40)]
        began = time.monotonic()
        assert await asked(path) is not None
        assert time.monotonic() - began < 1.0
        told = [json.loads(await asyncio.to_thread(drained, client))["error"] for client in silent]
        # 41 came and 32 places are there: the first nine had to go at once, the rest at the deadline.
        assert [error.startswith("too many clients") for error in told] == [True] * 9 + [False] * 31
        for client in silent:
            client.close()

    served(path, story, deadline=3.0)


def test_who_is_being_answered_keeps_the_place_and_one_too_many_is_sent_away(path: Path) -> None:
    asking, go_on = [], asyncio.Event()

    async def wait(request: Request, caller: Caller) -> Answer:
        asking.append(request.question)
        await go_on.wait()
        return Answer(ok=True, body=request.question)

    async def story() -> None:
        clients = [connected(path) for _ in range(CLIENTS)]
        for number, client in enumerate(clients):
            client.sendall(b'{"question": "%d"}\n' % number)
        await until(lambda: len(asking) == CLIENTS)
        refused = await said(path, b"")
        assert refused["error"] == "the daemon is answering too many clients; ask again in a moment"
        go_on.set()
        for number, client in enumerate(clients):
            assert json.loads(await asyncio.to_thread(drained, client))["body"] == str(number)
            client.close()
        assert await asked(path) is not None

    served(path, story, wait)


# --- start and stop -----------------------------------------------------------------------------------------


def test_stopping_tells_those_who_wait_and_may_be_done_twice(path: Path) -> None:
    began = asyncio.Event()

    async def never(request: Request, caller: Caller) -> Answer:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def run() -> None:
        server = ControlServer(path, never)
        await server.start()
        clients = [connected(path), connected(path)]  # the first says nothing
        clients[1].sendall(b'{"question": "poll"}\n')
        await began.wait()
        async with asyncio.timeout(2):
            await server.stop()
            await server.stop()
        for client in clients:
            with client:
                assert (
                    json.loads(drained(client))["error"] == "the daemon is stopping; ask again when it runs"
                )
        assert not exists(path)
        assert await asked(path) is None

    asyncio.run(run())


def test_stopping_does_not_wait_for_a_client_that_takes_nothing(path: Path) -> None:
    async def long(request: Request, caller: Caller) -> Answer:
        return Answer(ok=True, body="x" * 5_000_000)

    async def run() -> None:
        server = ControlServer(path, long)
        await server.start()
        with connected(path) as client:
            client.sendall(b'{"question": "log"}\n')
            assert await asyncio.to_thread(client.recv, 1) == b"{"
            async with asyncio.timeout(2):
                await server.stop()

    asyncio.run(run())


def test_a_second_server_is_refused_and_the_first_keeps_its_socket(path: Path) -> None:
    async def story() -> None:
        second = ControlServer(path, echo)
        with pytest.raises(ControlError, match=f"another daemon listens at {path}; stop that one first"):
            await second.start()
        await second.stop()
        assert await asked(path) is not None

    served(path, story)


LISTENER = """
import asyncio, sys
from pathlib import Path
from agent.control import Answer, ControlServer

async def answer(request, caller):
    return Answer(ok=True)

async def main():
    await ControlServer(Path(sys.argv[1]), answer).start()
    print("listening", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def child(code: str, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )


def test_the_socket_of_a_killed_daemon_is_replaced(path: Path) -> None:
    with child(LISTENER, path) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "listening\n"
        assert ask(path, Request("ping")) == Answer(ok=True)
        with pytest.raises(ControlError, match="another daemon listens"):
            asyncio.run(ControlServer(path, echo).start())
        daemon.kill()
    assert path.is_socket()
    assert ask(path, Request("ping")) is None

    async def story() -> None:
        assert await asked(path) is not None

    served(path, story)


def test_a_successors_socket_is_not_removed_by_the_one_that_stops(path: Path) -> None:
    async def run() -> None:
        first, second = ControlServer(path, echo), ControlServer(path, echo)
        await first.start()
        os.unlink(path)
        await second.start()
        await first.stop()
        assert await asked(path) is not None
        await second.stop()
        assert not exists(path)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("lay", "sentence"),
    [
        (Path.touch, "is in the way of the control socket and is no socket; move it away"),
        (Path.mkdir, "is in the way of the control socket and is no socket; move it away"),
        (lambda path: path.parent.rename(f"{path.parent}.moved"), "does not exist; create it"),
    ],
)
def test_a_path_that_cannot_be_listened_at_is_a_sentence(
    path: Path, lay: Callable[[Path], object], sentence: str
) -> None:
    folder, moved = path.parent, Path(f"{path.parent}.moved")
    lay(path)
    try:
        with pytest.raises(ControlError, match=sentence):
            asyncio.run(ControlServer(path, echo).start())
    finally:
        if moved.exists():
            moved.rename(folder)


def test_a_path_that_is_too_long_for_a_socket_is_a_sentence(path: Path) -> None:
    fits = path.parent / ("s" * (107 - len(str(path.parent)) - 1))

    async def story() -> None:
        assert await asked(fits) is not None

    served(fits, story)
    too_long = fits.with_name(fits.name + "s")
    sentence = "has 108 bytes and at most 107 are possible: choose a shorter directories.run"
    with pytest.raises(ControlError, match=sentence):
        asyncio.run(ControlServer(too_long, echo).start())
    with pytest.raises(ControlError, match=sentence):
        ask(too_long, Request("ping"))


# --- the client ---------------------------------------------------------------------------------------------


def test_asking_where_nobody_listens_is_none(path: Path) -> None:
    assert ask(path, Request("ping")) is None
    assert ask(path.parent / "none" / "control.sock", Request("ping")) is None
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
        assert ask(path, Request("ping")) is None


GUEST = """
import os, sys
from pathlib import Path
from agent.control import ControlError, Request, ask
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    print(ask(Path(sys.argv[1]), Request("ping")))
except ControlError as error:
    print(error)
"""


@pytest.mark.parametrize("closed", ["socket", "folder"])
def test_who_is_not_in_the_group_is_told_so(path: Path, closed: str) -> None:
    async def story() -> None:
        if os.geteuid() != 0:  # then the guest is ourselves, and the owner's bits count
            (path if closed == "socket" else path.parent).chmod(0o000)
        elif closed == "folder":
            path.parent.chmod(0o750)
        try:
            with child(GUEST, path) as guest:
                told, _ = await asyncio.to_thread(guest.communicate, timeout=30)
        finally:
            path.parent.chmod(0o755)
        assert told.startswith(f"you are not in the group trunkwatch, which may ask the daemon at {path}")

    served(path, story)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (b"", "went away before it answered; ask again"),
        (b'{"ok": true', "went away before it answered; ask again"),
        (b"hello\n", "gave an answer that cannot be read"),
        (b'{"body": 1}\n', "gave an answer that cannot be read"),
        (None, "did not answer within 0.3 s"),
    ],
)
def test_a_listener_that_is_no_good_is_a_sentence(path: Path, reply: bytes | None, sentence: str) -> None:
    over = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                if reply is None:
                    over.wait()
                else:
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with pytest.raises(ControlError, match=sentence):
                ask(path, Request("ping"), timeout=0.3)
        finally:
            over.set()
            thread.join()


def test_a_daemon_that_hangs_with_its_queue_full_does_not_hang_the_one_who_asks(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as queued:
        listener.bind(str(path))
        listener.listen(0)
        queued.connect(str(path))
        with pytest.raises(ControlError, match=r"did not answer within 0\.3 s"):
            ask(path, Request("ping"), timeout=0.3)
        with pytest.raises(ControlError, match="another daemon listens"):
            asyncio.run(ControlServer(path, echo).start())
