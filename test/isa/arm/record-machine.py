#!/usr/bin/env python3
"""Runs every case of machine.jsonl on QEMU's Arm core (Unicorn) and writes what it made of it back into the file.

usage: pip install unicorn==2.1.4 && python3 record-machine.py [machine.jsonl]
The memory and the registers that a case does not give are those of machine.ts.
"""
import json
import os
import sys

from unicorn import UC_ARCH_ARM, UC_MODE_ARM, Uc, UcError
from unicorn import arm_const

MEMORY, SIZE = 0x60000000, 0x20000
PROGRAM = MEMORY + 0x8000
FPEXC_EN, CPACR_FULL = 1 << 30, 0xF << 20
GENERAL = [getattr(arm_const, f"UC_ARM_REG_{'SP' if n == 13 else 'LR' if n == 14 else f'R{n}'}") for n in range(15)]
VECTOR = [arm_const.UC_ARM_REG_D0 + n for n in range(32)]
NAMES = {f"r{n}": register for n, register in enumerate(GENERAL)} | {f"d{n}": register for n, register in enumerate(VECTOR)}
NAMES["cpsr"] = arm_const.UC_ARM_REG_CPSR
# NZCV, E and T: the other bits are the mode's.
CPSR_COMPARED = 0xF0000220


def memory_byte(address):
    return (address * 167 + 13 ^ address >> 8 ^ (address >> 3) * 31) & 0xFF


IMAGE = bytes(memory_byte(address) for address in range(MEMORY, MEMORY + SIZE))


def registers_of(own):
    values = {f"r{n}": (0x13579BDF ^ n * 0x01111111) for n in range(15)}
    values |= {f"d{n}": 0x0123456789ABCDEF ^ 0x0101010101010101 * n for n in range(32)}
    return values | {name: int(value, 16) for name, value in own.items()}


def record(machine, case):
    code = bytes.fromhex(case["insn"])
    image = bytearray(IMAGE)
    image[PROGRAM - MEMORY : PROGRAM - MEMORY + len(code)] = code
    machine.mem_write(MEMORY, bytes(image))
    before = registers_of(case["regs"])
    machine.reg_write(NAMES["cpsr"], before["cpsr"])
    for name, value in before.items():
        machine.reg_write(NAMES[name], value)
    machine.ctl_remove_cache(PROGRAM, PROGRAM + 8)
    machine.emu_start(PROGRAM | (before["cpsr"] >> 5 & 1), 0xFFFFFFFE, 0, 1)
    changed = {}
    for name, register in NAMES.items():
        value = machine.reg_read(register)
        if name == "cpsr":
            value = before["cpsr"] & ~CPSR_COMPARED | value & CPSR_COMPARED
        if value != before[name]:
            changed[name] = hex(value)
    now = machine.mem_read(MEMORY, SIZE)
    memory = {hex(MEMORY + at): f"{now[at]:02x}" for at in range(SIZE) if now[at] != image[at]}
    case["after"] = {"pc": hex(machine.reg_read(arm_const.UC_ARM_REG_PC)), "regs": changed, "memory": memory}


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "machine.jsonl")
    with open(path, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    machine = Uc(UC_ARCH_ARM, UC_MODE_ARM)
    machine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_MAX)
    machine.mem_map(MEMORY, SIZE)
    machine.reg_write(arm_const.UC_ARM_REG_C1_C0_2, CPACR_FULL)
    machine.reg_write(arm_const.UC_ARM_REG_FPEXC, FPEXC_EN)
    for case in cases:
        try:
            record(machine, case)
        except UcError as error:
            sys.exit(f"{case['form']} {case['insn']}: {error}")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(case, separators=(",", ":")) + "\n" for case in cases)
    print(f"{len(cases)} cases recorded", file=sys.stderr)


main()
