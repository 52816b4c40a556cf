// Entry of the guest: VFP and NEON on, a stack, and the driver. -M virt starts it in A32 state with the MMU off.
    .syntax unified
    .arm
    .section .text.start, "ax"
    .global _start
_start:
    mrc p15, 0, r0, c1, c0, 2
    orr r0, r0, #(0xf << 20)
    mcr p15, 0, r0, c1, c0, 2
    isb
    mov r0, #0x40000000
    vmsr fpexc, r0
    ldr sp, =stack_top
    blx drive
    .global finished
finished:
    wfi
    b finished
