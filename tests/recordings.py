"""Recordings: the questions and raw answers of one poll, and what the product must make of them.

`replay` puts a recording behind the session protocol of `collectors.base` and polls it. A question that the
recording does not know fails the test, as does an answer that nobody asked for: a device that has nothing
to say must be recorded as `absent` (a scalar) or `empty` (a column). Nothing here talks to a network.

SNMP answers are written `TYPE VALUE`: integer, text, hex, oid, address. The answer of a SAT or a command line
is the raw text from the terminal, under its command (a SAT's with the fields that are asked for behind it);
the session's own reader takes it apart. A TCP port has the command `connect` and answers `taken SECONDS` or
`closed SECONDS`; under `greeting` it answers `taken SECONDS LINE`. A Linux host answers a command with its
text; `exit N WORDS` is a program that failed. A SIP address answers `options` with `STATUS SECONDS REASON |
SERVER`. A TLS port answers `port N` with `closed SECONDS WORDS`, or with
`BEGINS ENDS NAME,NAME subject=… issuer=…`; what the site says of it stands under `options` (`name`,
`warn_days`), as a product's own options do. In place of an answer a question can end in `silent`, `refused`
or `error-status WORD`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from collectors.base import (
    Answers,
    BadAnswer,
    Certificate,
    CliAnswer,
    Findings,
    Observation,
    Option,
    OptionValue,
    Own,
    Poll,
    PollError,
    Product,
    ProtocolName,
    Refused,
    RestartEvent,
    Role,
    Sample,
    SatAnswer,
    ShellAnswer,
    SipAnswer,
    TcpAnswer,
    TlsAnswer,
    Unreachable,
    Value,
)
from collectors.products import find_products
from collectors.sessions import cli_text, ossi, read_only

FOLDER = Path(__file__).parent / "recordings"
FACTS = ("verified", "synthetic")


@dataclass(frozen=True, slots=True)
class Recording:
    """One case. `expect` is what `told` renders, or `error` alone."""

    path: Path
    product: str
    protocol: ProtocolName
    facts: str
    note: str
    at: datetime
    scalars: Mapping[str, str]
    columns: Mapping[str, str | Mapping[str, str]]
    commands: Mapping[str, str]
    options: Mapping[str, Any]
    expect: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The file's name without its ending: healthy, sat-failing …"""
        return self.path.stem


def load(path: Path) -> Recording:
    """Read one recording. Every scalar of the YAML is text, so no value is guessed at. Raises ValueError."""
    with path.open(encoding="utf-8") as file:
        told = yaml.load(file, Loader=yaml.BaseLoader)  # noqa: S506 - the loader that makes text of everything
    known = {
        "product",
        "protocol",
        "facts",
        "note",
        "at",
        "scalars",
        "columns",
        "commands",
        "options",
        "expect",
    }
    if not isinstance(told, dict) or told.keys() - known or told.get("facts") not in FACTS:
        raise ValueError(f"{path}: expected {sorted(known)} with facts of {FACTS}")
    return Recording(
        path=path,
        product=told["product"],
        protocol=told["protocol"],
        facts=told["facts"],
        note=told["note"],
        at=datetime.fromisoformat(told["at"]),
        scalars=told.get("scalars") or {},
        columns=told.get("columns") or {},
        commands=told.get("commands") or {},
        options=told.get("options") or {},
        expect=told["expect"],
    )


def recordings(product: str) -> list[Recording]:
    """All recordings of that product, by file name."""
    return [load(path) for path in sorted((FOLDER / product).glob("*.yaml"))]


def parse(text: str) -> Value | None:
    """`integer 5`, `text in-service/idle`, `hex 80 00`, `oid 1.3.6`, `address 10.0.0.1`, `absent`."""
    kind, _, rest = text.partition(" ")
    match kind:
        case "integer":
            return int(rest)
        case "text":
            return rest.encode()
        case "hex":
            return bytes.fromhex(rest)
        case "oid" | "address":
            return rest
        case "absent" if not rest:
            return None
    raise ValueError(f"expected a recorded answer such as 'integer 5'; got {text!r}")


@dataclass(slots=True)
class RecordedSnmp:
    """An SNMP session that answers from a recording, as `collectors.base.SnmpSession` says.

    `asked`: what was asked for so far, scalars and columns.
    """

    recording: Recording
    asked: set[str] = field(default_factory=set)

    async def get(self, *oids: str) -> Answers:
        """The scalars as recorded."""
        values: dict[str, Value] = {}
        for oid in oids:
            self.asked.add(oid)
            if oid not in self.recording.scalars:
                raise AssertionError(f"{self.recording.path}: scalar {oid} was asked for and is not recorded")
            _ends(oid, self.recording.scalars[oid])
            value = parse(self.recording.scalars[oid])
            if value is not None:
                values[oid] = value
        return Answers(frozenset(oids), values)

    async def walk(self, *columns: str) -> Answers:
        """Every instance below the columns as recorded."""
        values: dict[str, Value] = {}
        for column in columns:
            self.asked.add(column)
            cells = self.recording.columns.get(column)
            if cells is None:
                raise AssertionError(
                    f"{self.recording.path}: column {column} was asked for and is not recorded"
                )
            if isinstance(cells, str):
                _ends(column, cells)
                if cells != "empty":
                    raise ValueError(f"{self.recording.path}: expected cells or 'empty'; got {cells!r}")
                continue
            for index, text in cells.items():
                value = parse(text)
                if value is None:
                    raise ValueError(f"{self.recording.path}: leave {column}.{index} out if it is absent")
                values[f"{column}.{index}"] = value
        return Answers(frozenset(columns), values)

    def unasked(self) -> set[str]:
        """What is recorded and nobody asked for."""
        return (self.recording.scalars.keys() | self.recording.columns.keys()) - self.asked


@dataclass(slots=True)
class RecordedTerminal:
    """A SAT (`ask`) and a command line (`show`) that answer from a recording, as `collectors.base` says.

    `asked`: the commands so far, each with the fields that were asked for behind it.
    """

    recording: Recording
    asked: set[str] = field(default_factory=set)

    async def ask(self, command: str, *fids: str) -> SatAnswer:
        """The answer to a SAT command as the SAT's reader takes it."""
        question = " ".join((read_only.sat_command(command), *read_only.sat_fields(fids)))
        return ossi.parse(command, self._text(question))

    async def show(self, command: str) -> CliAnswer:
        """The answer to a gateway's command as the reader of command lines takes it."""
        return cli_text.clean(command, self._text(read_only.gateway_command(command)))

    def unasked(self) -> set[str]:
        """What is recorded and nobody asked for."""
        return self.recording.commands.keys() - self.asked

    def _text(self, command: str) -> str:
        self.asked.add(command)
        if command not in self.recording.commands:
            raise AssertionError(f"{self.recording.path}: {command!r} was asked for and is not recorded")
        _ends(command, self.recording.commands[command])
        return self.recording.commands[command]


@dataclass(slots=True)
class RecordedShell:
    """A login on a Linux host that answers from a recording: a program's text, or `exit STATUS WORDS`."""

    recording: Recording
    asked: set[str] = field(default_factory=set)

    async def run(self, command: str) -> ShellAnswer:
        """The answer as recorded; ValueError for a command that the product does not state."""
        poll = find_products()[self.recording.product].polls[self.recording.protocol]
        if command not in poll.commands:
            raise ValueError(f"{command!r} is not among the commands of the poll")
        self.asked.add(command)
        if command not in self.recording.commands:
            raise AssertionError(f"{self.recording.path}: {command!r} was asked for and is not recorded")
        answer = self.recording.commands[command]
        _ends(command, answer)
        if answer.startswith("exit "):
            _, status, *words = answer.split(" ", 2)
            return ShellAnswer(command, "", int(status), "".join(words))
        return ShellAnswer(command, answer)

    def unasked(self) -> set[str]:
        """What is recorded and nobody asked for."""
        return self.recording.commands.keys() - self.asked


@dataclass(slots=True)
class RecordedSip:
    """A SIP address that answers from a recording: `STATUS SECONDS REASON | SERVER` under `options`."""

    recording: Recording
    asked: set[str] = field(default_factory=set)

    async def options(self) -> SipAnswer:
        """The answer as recorded."""
        self.asked.add("options")
        answer = self.recording.commands["options"]
        _ends("options", answer)
        status, seconds, rest = (*answer.split(" ", 2), "")[:3]
        reason, _, server = rest.partition(" | ")
        return SipAnswer(float(seconds), int(status), reason, server)

    def unasked(self) -> set[str]:
        """What is recorded and nobody asked for."""
        return self.recording.commands.keys() - self.asked


@dataclass(slots=True)
class RecordedTls:
    """TLS ports that answer from a recording, under `port N`: see the module."""

    recording: Recording
    asked: set[str] = field(default_factory=set)

    async def look(self) -> tuple[TlsAnswer, ...]:
        """The answers as recorded."""
        self.asked |= self.recording.commands.keys()
        told = self.recording.commands.items()
        for question, answer in told:
            _ends(question, answer)
        return tuple(self._answer(int(name.split()[1]), text) for name, text in told)

    def unasked(self) -> set[str]:
        """Nothing: every port is looked at."""
        return set()

    def _answer(self, port: int, text: str) -> TlsAnswer:
        name = self.recording.options.get("name")
        warn = timedelta(days=int(self.recording.options.get("warn_days", "30")))
        if text.startswith("closed "):
            _, seconds, *words = text.split(" ", 2)
            return TlsAnswer(port, float(seconds), None, "".join(words), name, warn)
        begins, ends, names, rest = text.split(" ", 3)
        subject, _, issuer = rest.removeprefix("subject=").partition(" issuer=")
        certificate = Certificate(
            subject,
            issuer,
            tuple(names.split(",")),
            datetime.fromisoformat(begins),
            datetime.fromisoformat(ends),
        )
        return TlsAnswer(port, 0.1, certificate, "", name, warn)


@dataclass(slots=True)
class RecordedTcp:
    """A TCP port that answers from a recording: `taken SECONDS` or `closed SECONDS` under `connect`."""

    recording: Recording
    asked: set[str] = field(default_factory=set)

    async def connect(self) -> TcpAnswer:
        """The answer as recorded."""
        self.asked.add("connect")
        answer = self.recording.commands["connect"]
        _ends("connect", answer)
        what, _, seconds = answer.partition(" ")
        return TcpAnswer(float(seconds), {"taken": True, "closed": False}[what])

    async def greeting(self) -> TcpAnswer:
        """The answer as recorded."""
        self.asked.add("greeting")
        answer = self.recording.commands["greeting"]
        _ends("greeting", answer)
        what, seconds, *line = answer.split(" ", 2)
        opened = {"taken": True, "closed": False}[what]
        return TcpAnswer(float(seconds), opened, line[0] if line else None)

    def unasked(self) -> set[str]:
        """What is recorded and nobody asked for."""
        return self.recording.commands.keys() - self.asked


Session = RecordedSnmp | RecordedTerminal | RecordedShell | RecordedSip | RecordedTls | RecordedTcp


def _ends(question: str, answer: str) -> None:
    """Raise what a session raises where the recording says that no answer comes."""
    match answer.partition(" "):
        case ("silent", _, _):
            raise Unreachable(question, "no answer")
        case ("refused", _, _):
            raise Refused(question, "these credentials will not do")
        case ("error-status", _, status):
            raise BadAnswer(question, f"error-status {status}")


def session_of(recording: Recording) -> Session:
    """The recording behind the session of its protocol."""
    match recording.protocol:
        case "snmp":
            return RecordedSnmp(recording)
        case "tcp":
            return RecordedTcp(recording)
        case "sip":
            return RecordedSip(recording)
        case "tls":
            return RecordedTls(recording)
        case "ssh" if find_products()[recording.product].polls["ssh"].commands:
            return RecordedShell(recording)
    return RecordedTerminal(recording)


def poll_of(recording: Recording, product: Product) -> Poll:
    """How the product is asked in this recording, with the options that it gives."""
    taken = {option.name: option for option in product.options}
    own: dict[str, OptionValue] = {
        name: _option(taken[name], value) for name, value in recording.options.items() if name in taken
    }
    return product.polls_of(Own(own))[recording.protocol]


def _option(option: Option, value: Any) -> OptionValue:
    match option.kind:
        case "flag":
            return {"true": True, "false": False}[value]
        case "number":
            return int(value)
        case "words" | "numbers":
            return tuple(value)
        case "names":
            return dict(value)
    return str(value)


def answers_of(recording: Recording, product: Product) -> Any:
    """What the product gets to read when it asks this recording. Raises PollError as a device would."""
    return _asked(product, recording, session_of(recording))


def _asked(product: Product, recording: Recording, session: Session) -> Any:
    asking: Any = poll_of(recording, product).ask(session)
    try:
        asking.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError(f"{recording.path}: a recorded answer needs no waiting, yet the product waits")


def replay(recording: Recording, product: Product) -> Findings | PollError:
    """Poll the recording. AssertionError if what was asked and what is recorded differ."""
    session = session_of(recording)
    try:
        answers = _asked(product, recording, session)
        outcome: Findings | PollError = poll_of(recording, product).read(answers, recording.at)
    except PollError as error:
        outcome = error
    if session.unasked():
        raise AssertionError(f"{recording.path}: recorded, never asked for: {sorted(session.unasked())}")
    return outcome


# --- findings as a recording writes them ------------------------------------------------------------------


def told(outcome: Findings | PollError) -> dict[str, Any]:
    """Findings or an error in the words of `expect`: every value is text, defaults are left out."""
    if isinstance(outcome, PollError):
        return {"error": outcome.kind, "detail": str(outcome)}
    return {
        "complete": list(outcome.complete),
        "observations": [_observation(observation) for observation in outcome.observations],
        "samples": dict(_sample(sample) for sample in outcome.samples),
    }


def _observation(observation: Observation) -> dict[str, Any]:
    default = Observation(role=observation.role, component=observation.component)
    shown: dict[str, Any] = {"role": observation.role, "component": observation.component}
    for column in fields(Observation):
        value = getattr(observation, column.name)
        if value != getattr(default, column.name):
            shown[column.name] = _text(value)
    return shown


def _text(value: object) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case RestartEvent(at=at, level=level, planned=planned, source=source):
            return f"{at.isoformat()} {level} {'planned ' if planned else ''}by {source}"
        case tuple():
            return [_text(item) for item in value]
        case Mapping():
            return {str(key): _text(item) for key, item in value.items()}
    return str(value)


def _sample(sample: Sample) -> tuple[str, str]:
    pairs = zip(sample.metric.labels, sample.labels, strict=True)
    labels = ",".join(f'{name}="{value}"' for name, value in pairs)
    return sample.metric.name + (f"{{{labels}}}" if labels else ""), f"{sample.value:g}"


# --- what a damaged answer must not do -------------------------------------------------------------------


def healed(before: Findings, after: Findings) -> list[tuple[Role, str]]:
    """Parts lost before that are well or gone after. Under another name they are neither."""
    now = {(part.role, part.component): part for part in after.observations}
    found = []
    for part in before.observations:
        if not part.lost:
            continue
        then = now.get((part.role, part.component))
        if then is None:
            renamed = _failing(after, part.role) >= _failing(before, part.role)
            if part.role in after.complete and not renamed:
                found.append((part.role, part.component))
        elif not then.unread and not then.lost:
            found.append((part.role, part.component))
    return found


def _failing(findings: Findings, role: Role) -> int:
    def failing(part: Observation) -> bool:
        return part.role == role and (part.unread or bool(part.lost))

    return sum(map(failing, findings.observations))
