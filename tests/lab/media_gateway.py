"""The face of a G450 or G430 branch gateway: G700-MG-MIB, ENTITY, AVAYA-ENTITY, UTILIZATION, SURV.

Where the figures and texts come from:

* OIDs, types, enumerations, fault-mask bits, nominal voltages, DSP slot rule: the MIBs of those names.
* Seen on real gateways: sysObjectID, row 10 of CPU and memory, DSP slot 101.
* Synthetic, because nobody has published an answer: every entPhysicalIndex, description and name, the
  temperatures and their limits, serial numbers, versions, and which fault bits come with which fault (their
  meaning is the MIB's). An idle DSP core has 0 channels in use, although the MIB's range begins at 1.

Left out, because it is not known how these models fill it: cmgModuleList, rows of empty slots, RTP quality.
"""

from __future__ import annotations

from datetime import datetime

from tests.lab.cells import Face, Ip, Oid, Value, rows, scalars, system_group
from tests.lab.model import Customer, Gateway

_CMG = "1.3.6.1.4.1.6889.2.9.1"
_ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
_SENSOR = "1.3.6.1.2.1.99.1.1.1"
_AV_SENSOR = "1.3.6.1.4.1.6889.2.1.99.1.1"
_AV_FRU = "1.3.6.1.4.1.6889.2.1.99.5.1.1"
_UTILIZATION = "1.3.6.1.4.1.6889.2.1.11.1"
_SURV = "1.3.6.1.4.1.6889.2.6.4.1"

_OBJECT_ID = {"G450": "1.3.6.1.4.1.6889.1.45.103.8", "G430": "1.3.6.1.4.1.6889.1.45.103.41"}
_HARDWARE_TYPE = {"G450": 7, "G430": 41}  # cmgHWType
_DSP_SLOT = 101
_CLASS = {"power supply": 6, "fan": 7}  # IANAPhysicalClass
_CELSIUS, _VOLTS_DC = 8, 4  # entPhySensorType
_MILLI, _UNITS = 8, 9  # entPhySensorScale
WARM, HOT = 46, 83  # degrees Celsius at the CPU
AMBIENT = 29
AMBIENT_LIMITS = (65, 55, 52, 3, 0, -5)  # as _LIMITS below
SERIAL = "26LB{:08d}"
FIRMWARE = "38.20.1"
MODULE_HARDWARE, MODULE_FIRMWARE = "5", "21"
_LIMITS = (85, 80, 77, 3, 0, -5)  # high: shutdown, warning, warning clear; low: clear, warning, shutdown


def face(customer: Customer, gateway: Gateway, now: datetime) -> Face:
    """Everything that this gateway answers at that time."""
    return {
        **system_group(
            gateway,
            f"Avaya {gateway.model} Media Gateway (simulated by the Trunkwatch lab)",
            _OBJECT_ID[gateway.model],
            now,
        ),
        **_chassis(gateway),
        **_processor(customer, gateway),
        **_controller(customer, gateway),
        **_modules(gateway),
        **_voip(customer, gateway),
        **_entities(gateway),
        **_utilization(),
        **scalars(_SURV, {1: 2, 2: 2, 8: gateway.number}),  # no standard local survivability here
    }


def _chassis(gateway: Gateway) -> Face:
    temperature = HOT if gateway.hot else WARM
    # cmgHardwareFaultMask: bit 4, counted from the most significant of the first octet, is the CPU's heat
    fault_mask = bytes([0x08 if gateway.hot else 0, 0, 0])
    return {
        **scalars(
            f"{_CMG}.1",
            {
                1: _HARDWARE_TYPE[gateway.model],
                2: gateway.model,
                3: f"{gateway.model} Media Gateway",
                4: SERIAL.format(gateway.number),
                5: "1",
            },
        ),
        **scalars(
            f"{_CMG}.1.10",
            {
                1: temperature,
                2: _LIMITS[1],
                3: _LIMITS[0],
                4: 41,  # DSP
                5: _LIMITS[1],
                6: _LIMITS[0],
                7: 5100,  # millivolts, all nominal: processor, media modules, VoIP, DSP, 8260
                8: -48000,
                9: 3400,
                10: 1580,
                11: 2500,
                12: fault_mask,
                13: bytes(6),
            },
        ),
    }


def _processor(customer: Customer, gateway: Gateway) -> Face:
    # cmgMgpFaultMask bits 8, 9 and 11: primary controller not found, none found, H.248 link down
    fault_mask = bytes([0, 0 if customer.registered(gateway) else 0xD0, 0])
    clock = "None" if gateway.clock_slot is None else f"V{gateway.clock_slot}"
    return {
        **scalars(
            f"{_CMG}.2.1",
            {1: f"{gateway.number:03d}", 3: FIRMWARE, 4: Ip(customer.address(gateway)), 15: fault_mask},
        ),
        **scalars(f"{_CMG}.2.3", {1: clock, 2: "None", 3: 3 if gateway.clock_slot is None else 1}),
    }


def _controller(customer: Customer, gateway: Gateway) -> Face:
    controller = customer.address(customer.cm)
    registered = customer.registered(gateway)
    return scalars(
        f"{_CMG}.3",
        {
            1: 1 if registered else 2,
            2: Ip(controller if registered else "0.0.0.0"),
            3: 1 if registered else 2,
            4: 0,
            5: 2,  # the list of controllers is administered here, not given by DHCP
            6: controller,
            8: 1,
            9: 30,
            10: 1,
            11: "R016x.03.0.124.0" if registered else "",
            12: 1 if registered else 0,  # InetAddressType: ipv4, unknown
            13: bytes(map(int, controller.split("."))) if registered else b"",
        },
    )


def _modules(gateway: Gateway) -> Face:
    cells: dict[Oid, tuple[Value, ...]] = {
        (module.slot,): (
            module.slot,
            module.type,
            module.title,
            f"slot {module.slot}",
            f"26LM{gateway.number:02d}{module.slot:06d}",
            MODULE_HARDWARE,
            MODULE_FIRMWARE,
            module.ports,
            bytes(2),
            bytes(2),
            module.channels,
        )
        for module in gateway.modules
    }
    # Slot, Type, Description, Name, SerialNumber, HWVintage, FWVersion, NumberOfPorts, FaultMask,
    # StatusMask, NumberOfChannels
    return rows(f"{_CMG}.1.11.1.1", (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13), cells)


def _voip(customer: Customer, gateway: Gateway) -> Face:
    total, broken = gateway.dsp_cores * gateway.core_channels, gateway.faulty_core
    cores: dict[Oid, tuple[Value, ...]] = {}
    in_use = 0
    for core in range(1, gateway.dsp_cores + 1):
        used = core_use(customer, gateway, core)
        in_use += used
        status = 3 if core == broken else 2 if used else 1
        cores[_DSP_SLOT, core] = (core, gateway.core_channels, used, 2, status)
    engine = (
        _DSP_SLOT,
        bytes((2, 0, 0, 0, 1, gateway.host)),
        Ip(customer.address(gateway)),
        total,
        in_use,
        100 * in_use // total,
        1,  # hyperactivity: normal
        2,  # administered: released
        "160",
        2 if in_use else 1,
        bytes([0x02 if broken else 0, 0]),  # cmgVoipFaultMask bit 6: a DSP core has failed
    )
    return {
        # Slot, MACAddress, CurrentIpAddress, TotalChannels, ChannelsInUse, AverageOccupancy, Hyperactivity,
        # AdminState, DspFWVersion, DspStatus, FaultMask
        **rows(f"{_CMG}.4.5.1", (1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 14), {(_DSP_SLOT,): engine}),
        **rows(f"{_CMG}.4.6.1", range(1, 6), cores),
        **scalars(f"{_CMG}.4", {10: total}),
        **scalars(f"{_CMG}.8", {1: 2}),  # dynamic call admission control: not configured
    }


def core_use(customer: Customer, gateway: Gateway, core: int) -> int:
    """Channels of a DSP core that are in use: none of a failed one, or without a controller."""
    return 0 if core == gateway.faulty_core or not customer.registered(gateway) else core


def _entities(gateway: Gateway) -> Face:
    temperature = HOT if gateway.hot else WARM
    sensors = {
        31: ("CPU temperature", _CELSIUS, _UNITS, temperature, _LIMITS),
        32: ("Ambient temperature", _CELSIUS, _UNITS, AMBIENT, AMBIENT_LIMITS),
        41: ("5.1V supply", _VOLTS_DC, _MILLI, 5100, (5500, 5250, 5230, 4970, 4950, 4800)),
        42: ("3.4V supply", _VOLTS_DC, _MILLI, 3400, (3700, 3600, 3590, 3210, 3200, 3100)),
    }
    named: dict[Oid, tuple[Value, ...]] = {
        (1,): (f"Avaya {gateway.model} chassis", 3, gateway.name),
        **{(part.index,): (part.name, _CLASS[part.kind], part.name) for part in gateway.parts},
        **{(index,): (sensor[0], 8, sensor[0]) for index, sensor in sensors.items()},
    }
    return {
        **rows(_ENTITY, (2, 5, 7), named),  # Descr, Class, Name
        **rows(
            _SENSOR,
            range(1, 7),
            {
                (index,): (type_, scale, 0, value, 1, "Celsius" if type_ == _CELSIUS else "Volts")
                for index, (_, type_, scale, value, _) in sensors.items()
            },
        ),
        **rows(_AV_SENSOR, range(1, 7), {(index,): sensor[4] for index, sensor in sensors.items()}),
        # avEntPhyChFru: operating state ok or fault, and none or a malfunction
        **rows(
            _AV_FRU,
            (1, 2),
            {(part.index,): (2, 2) if part.faulty else (1, 1) for part in gateway.parts},
        ),
    }


def _utilization() -> Face:
    return {
        # Index, EnableMonitoring (enabled), EventGeneration, HighThreshold, Average, Current
        **rows(f"{_UTILIZATION}.1.1.1", range(1, 7), {(10,): (10, 2, 1, 75, 12, 9)}),
        **rows(f"{_UTILIZATION}.2.6.1", (2, 3), {(10,): (512, 41)}),  # PhyRam, PercentUsed
    }
