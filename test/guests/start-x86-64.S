# Entry of the guest by PVH (a note names it): 32-bit protected mode. Maps the first 4 GiB to itself and goes on in 64-bit mode.
    .section .note.pvh, "a", @note
    .long 4, 4, 18          # name and description of 4 bytes each; XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start

    .section .text.start, "ax"
    .code32
    .global _start
_start:
    movl $stack_top, %esp
    movl $directories, %edi
    movl $0x83, %eax        # present, writable, 2 MiB
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b
    movl $directories + 3, %eax
    movl $pointers, %edi
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 2b
    movl $pointers + 3, top
    movl $top, %eax
    movl %eax, %cr3
    movl $0x620, %eax       # PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl $0xc0000080, %ecx  # EFER
    rdmsr
    orl $0x100, %eax        # LME
    wrmsr
    movl $0x80000013, %eax  # PG, ET, MP, PE
    movl %eax, %cr0
    lgdt descriptor
    ljmp $8, $long_mode
    .code64
long_mode:
    call drive
    .global finished
finished:
    hlt
    jmp finished

    .align 8
table:
    .quad 0, 0x00209a0000000000
descriptor:
    .word 15
    .quad table

    .bss
    .align 4096
top:
    .skip 4096
pointers:
    .skip 4096
directories:
    .skip 4 * 4096
