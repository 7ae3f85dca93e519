"""What the bits of a gateway's fault masks mean (G700-MG-MIB), and a supply's faults (AVAYA-ENTITY-MIB).

Tables and nothing else: it reads no answer.
"""

from __future__ import annotations

CORE_FAILURE = 6  # of an engine's fault mask
DSP_STATUS = -1  # no bit of a mask: the status of an engine or core is a fault
# Fault masks by bit, 0 the most significant of the first octet (G700-MG-MIB); laid out by hand, by subject.
# fmt: off
HARDWARE = {
    0: ("fans", "several fans slow"),
    1: ("psu fan", "slow for 10 minutes"), 2: ("psu fan", "slow for 15 minutes"),
    8: ("power +5.1V", "out of range"), 9: ("power -48V modules", "out of range"),
    10: ("power +3.3V", "out of range"), 11: ("power +1.58V", "out of range"),
    12: ("power +2.5V", "out of range"), 13: ("power -48V auxiliary", "out of range"),
    7: ("self-test", "failed at power on"), 14: ("power +12V fans", "out of range"),
    16: ("clock", "signal lost"), 17: ("clock", "one source left"), 18: ("clock", "excessive switching"),
    19: ("expansion box 1", "TDM test failed"), 20: ("expansion box 2", "TDM test failed"),
    21: ("poe supply base box", "failed"),
    22: ("poe supply expansion box 1", "failed"), 23: ("poe supply expansion box 2", "failed"),
}
PROCESSOR = {
    0: ("processor memory", "failed"), 1: ("dhcp", "request failed"), 2: ("firmware download", "failed"),
    3: ("processor software", "watchdog: processes restarting"),
    4: ("internal controller", "not present"), 5: ("internal controller", "automatic reset"),
    7: ("configuration upload", "failed"), 16: ("configuration download", "failed"),
    14: ("maintenance test", "failed"), 15: ("maintenance test", "failed over threshold"),
}
MODULE_FAULTS = {
    2: "insertion failed", 3: "AWOH data module conflict", 4: "automatic reset", 5: "start-up test failed",
    6: "parameter exchange failed", 7: "unsupported module",
}
ENGINE_FAULTS = {
    2: "automatic reset", 3: "hardware fault", 4: "IP configuration fault", 5: "DSP failure",
    6: "DSP core failure", 7: "DSP FPGA failure", 8: "unsupported DSP module",
    DSP_STATUS: "DSP status fault",
}
FRU_FAULTS = {
    2: "malfunction", 3: "no mains", 4: "malfunction and no mains", 5: "one fan failed",
    6: "several fans failed", 7: "bad expansion cable",
}
# fmt: on
BUSY_OUT, NO_PRIMARY = 6, 8  # bits of the processor mask that are no fault of a part
ELSEWHERE = {4, 5}, {BUSY_OUT, NO_PRIMARY, 9, 10, 11}  # told as temperature, registration or redundancy
