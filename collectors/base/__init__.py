"""What a collector and the agent say to each other: questions, answers, readings, and three silences.

The whole vocabulary, gathered from its rooms: `readings` (what is said), `snmp`, `sip`, `tcp`, `tls` and
`terminal` (what is asked and answered), `product` and `options` (how a product is asked). It opens no line
and decides nothing.
"""

from collectors.base.options import (
    Option,
    OptionValue,
    Own,
)
from collectors.base.product import (
    Fact,
    Pacing,
    Poll,
    Product,
)
from collectors.base.readings import (
    QUOTE,
    SENTENCE,
    BadAnswer,
    Controller,
    ErrorKind,
    Findings,
    Metric,
    Observation,
    PollError,
    ProtocolName,
    Question,
    Reading,
    Refused,
    RestartEvent,
    Role,
    Sample,
    Side,
    Source,
    Unreachable,
    Use,
    VendorSeverity,
)
from collectors.base.sip import (
    SipAnswer,
    SipSession,
    SipTransport,
)
from collectors.base.snmp import (
    SYS_DESCR,
    SYS_OBJECT_ID,
    SYS_UPTIME,
    Answers,
    Index,
    Row,
    SnmpSession,
    Value,
)
from collectors.base.tcp import (
    TcpAnswer,
    TcpSession,
)
from collectors.base.terminal import (
    CliAnswer,
    CliSession,
    SatAnswer,
    SatSession,
    ShellAnswer,
    ShellSession,
    Told,
)
from collectors.base.tls import (
    Certificate,
    TlsAnswer,
    TlsSession,
)

__all__ = [
    "QUOTE",
    "SENTENCE",
    "SYS_DESCR",
    "SYS_OBJECT_ID",
    "SYS_UPTIME",
    "Answers",
    "BadAnswer",
    "Certificate",
    "CliAnswer",
    "CliSession",
    "Controller",
    "ErrorKind",
    "Fact",
    "Findings",
    "Index",
    "Metric",
    "Observation",
    "Option",
    "OptionValue",
    "Own",
    "Pacing",
    "Poll",
    "PollError",
    "Product",
    "ProtocolName",
    "Question",
    "Reading",
    "Refused",
    "RestartEvent",
    "Role",
    "Row",
    "Sample",
    "SatAnswer",
    "SatSession",
    "ShellAnswer",
    "ShellSession",
    "Side",
    "SipAnswer",
    "SipSession",
    "SipTransport",
    "SnmpSession",
    "Source",
    "TcpAnswer",
    "TcpSession",
    "TlsAnswer",
    "TlsSession",
    "Told",
    "Unreachable",
    "Use",
    "Value",
    "VendorSeverity",
]
