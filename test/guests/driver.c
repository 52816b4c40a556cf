/*
 * Driver code of the usual kind, without any care for what a hypervisor could decode: plain volatile pointers, structures that are copied,
 * loops over banks of registers. At -O2 compilers make of it what makes such drivers fail in virtual machines: accesses with writeback,
 * pairs, indexed ones. The devices are those of QEMU's boards; see the #if of each.
 */
#include <stdint.h>

/* A function of its own, which knows nothing of its callers: as if it were in another file. */
#define APART __attribute__((noipa))
#define REGISTER(type, address) (*(volatile type *)(uintptr_t)(address))
#define POINTER(address) ((void *)(uintptr_t)(address))

/* Results go here, so that no read is left out. */
volatile uint64_t results[16];

#if defined(__aarch64__) || defined(__arm__)

#define UART 0x09000000u /* PL011 */
#define CLOCK 0x09010000u /* PL031 */
#define DISTRIBUTOR 0x08000000u /* GICv2 */

static void print(const char *text) {
  for (; *text; text++) {
    while (REGISTER(uint32_t, UART + 0x18) & (1 << 5)) {
    }
    REGISTER(uint32_t, UART) = (uint8_t)*text;
  }
}

/* What old ports of UEFI and U-Boot do: walk through a register block with a pointer. */
static APART uint32_t identify(volatile uint32_t *id, volatile uint32_t *end) {
  uint32_t value = 0;
  for (; id != end; id++) value += *id & 0xff;
  return value;
}

static APART void mask_all(volatile uint32_t *clear, volatile uint32_t *end, volatile uint8_t *priority, volatile uint8_t *last) {
  for (; clear != end; clear++) *clear = 0xffffffff;
  for (; priority != last; priority++) *priority = 0xa0;
}

/* Nobody said volatile: the compiler may use pairs and vector registers, and does. */
static APART void save(uint32_t *to, const uint32_t *block) {
  for (int i = 0; i < 8; i++) to[i] = block[i];
}

/* A structure that is copied as a whole. */
struct targets {
  uint64_t word[4];
};

static APART void restore(struct targets *block, const struct targets *from) { *block = *from; }

static APART uint32_t exchange(uint32_t *block, uint32_t value, uint32_t other) {
  uint32_t first = block[0], second = block[1];
  block[0] = value;
  block[1] = other;
  return first ^ second;
}

static void drive_devices(void) {
  static uint32_t saved[8] __attribute__((aligned(8)));
  REGISTER(uint16_t, UART + 0x30) = 0x301;
  results[0] = identify(POINTER(UART + 0xfe0), POINTER(UART + 0x1000));
  results[1] = identify(POINTER(CLOCK + 0xfe0), POINTER(CLOCK + 0x1000));
  REGISTER(uint32_t, CLOCK + 0x08) = 1700000000;
  results[2] = REGISTER(uint32_t, CLOCK);
  results[3] = REGISTER(uint8_t, DISTRIBUTOR + 4);
  results[4] = (uint64_t)(int64_t)(int16_t)REGISTER(int16_t, DISTRIBUTOR + 0x420);
  mask_all(POINTER(DISTRIBUTOR + 0x184), POINTER(DISTRIBUTOR + 0x1a0), POINTER(DISTRIBUTOR + 0x420), POINTER(DISTRIBUTOR + 0x430));
  save(saved, POINTER(DISTRIBUTOR + 0x400));
  results[5] = saved[0] + exchange(POINTER(DISTRIBUTOR + 0x440), 0x20304050, 0x60708090);
  restore(POINTER(DISTRIBUTOR + 0x440), (struct targets *)saved);
  print("trapline\n");
}

#elif defined(__riscv)

#define UART 0x10000000ul /* 16550 */
#define CLOCK 0x00101000ul /* Goldfish RTC */
#define INTERRUPTS 0x0c000000ul /* PLIC */

static APART void spread(volatile uint32_t *priority, volatile uint32_t *end) {
  for (uint32_t level = 0; priority != end; priority++) *priority = level++ & 7;
}

static void print(const char *text) {
  for (; *text; text++) {
    while (!(REGISTER(uint8_t, UART + 5) & 0x20)) {
    }
    REGISTER(uint8_t, UART) = (uint8_t)*text;
  }
}

static void drive_devices(void) {
  REGISTER(uint8_t, UART + 3) = 0x83;
  REGISTER(uint8_t, UART) = 1;
  REGISTER(uint8_t, UART + 1) = 0;
  REGISTER(uint8_t, UART + 3) = 3;
  results[0] = (uint64_t)REGISTER(int8_t, UART + 6);
  spread(POINTER(INTERRUPTS + 4), POINTER(INTERRUPTS + 0x40));
  results[1] = (uint64_t)REGISTER(int32_t, INTERRUPTS + 4);
  results[2] = REGISTER(uint32_t, CLOCK);
  results[3] = REGISTER(uint32_t, CLOCK + 4);
  REGISTER(uint32_t, CLOCK + 0x10) = 0;
  results[4] = (uint64_t)(*(volatile float *)(INTERRUPTS + 8) > 0);
  print("trapline\n");
}

#elif defined(__x86_64__)

#define APIC 0xfee00000ul
#define IOAPIC 0xfec00000ul
#define HPET 0xfed00000ul

static uint32_t ioapic(uint8_t index) {
  REGISTER(uint32_t, IOAPIC) = index;
  return REGISTER(uint32_t, IOAPIC + 0x10);
}

static void drive_devices(void) {
  REGISTER(uint32_t, APIC + 0xf0) = 0x1ff;
  results[0] = REGISTER(uint32_t, APIC + 0x30);
  results[1] = REGISTER(uint32_t, APIC + 0x20);
  for (int line = 0; line < 24; line++) {
    REGISTER(uint32_t, IOAPIC) = 0x10 + 2 * line;
    REGISTER(uint32_t, IOAPIC + 0x10) = 0x10000 | (0x20 + line);
  }
  results[2] = ioapic(1);
  results[3] = REGISTER(uint64_t, HPET);
  REGISTER(uint64_t, HPET + 0x10) = 0;
  results[4] = (uint64_t)(int64_t)REGISTER(int32_t, HPET + 4);
  results[5] = REGISTER(uint8_t, APIC + 0x30);
  results[6] = (uint64_t)(int64_t)REGISTER(int16_t, APIC + 0x30);
  /* The compiler would not; people who write assembly do. */
  uint64_t source = HPET + 0x100, target = (uint64_t)&results[8];
  uint64_t count = 4;
  __asm__ volatile("rep movsl" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
  uint32_t masked = 0xff;
  __asm__ volatile("addl %1, %0" : "+r"(masked) : "m"(REGISTER(uint32_t, APIC + 0x30)) : "cc");
  results[7] = masked;
  __asm__ volatile("pushq %0; popq %0" : : "m"(REGISTER(uint64_t, HPET)) : "memory");
  for (int i = 0; i < 3; i++) REGISTER(uint32_t, APIC + 0x380) = i;
}

#endif

void drive(void) { drive_devices(); }
