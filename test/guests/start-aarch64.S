// Entry of the guest: floating point on, a stack, and the driver. -M virt starts it at EL1 with the MMU off.
    .section .text.start, "ax"
    .global _start
_start:
    mrs x0, cpacr_el1
    orr x0, x0, #(3 << 20)
    msr cpacr_el1, x0
    isb
    ldr x0, =stack_top
    mov sp, x0
    bl drive
    .global finished
finished:
    wfi
    b finished
