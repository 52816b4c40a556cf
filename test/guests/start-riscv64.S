# Entry of the guest: floating point on, a stack, and the driver. -bios none starts it in machine mode.
    .section .text.start, "ax"
    .global _start
_start:
    li t0, 0x2000
    csrs mstatus, t0
    la sp, stack_top
    call drive
    .global finished
finished:
    wfi
    j finished
