// The decoder of decoder.c with errors planted in it, each of a kind that a handler in the field has or had. -DPLANT=n compiles the
// n-th of them in, no PLANT all. Used by a test: the kit must find every one.
#include <stddef.h>
#include "peer.h"

#ifndef PLANT
#define PLANT 0
#endif
#define PLANTED(n) (PLANT == 0 || PLANT == (n))

struct access {
  int size;           // Bytes of each access.
  bool load, sign;
  int width;          // Bits of the register.
  int count;          // 1, or 2 of a pair.
  int registers[2];
  int base;
  uint64_t offset;    // Added to the base.
  bool post, writeback;
};

static uint32_t bits(uint32_t word, int high, int low) {
  return (word >> low) & (0xffffffffu >> (31 - high + low));
}

static uint64_t sign_extend(uint64_t value, int width) {
  return (uint64_t)((int64_t)(value << (64 - width)) >> (64 - width));
}

static uint64_t low_bits(uint64_t value, int width) {
  return width == 64 ? value : value & ((1ull << width) - 1);
}

// Load/store register: size 31:30, 111, V 26, opc 23:22.
static const char *decode_single(struct machine *machine, uint32_t word, struct access *access) {
  uint32_t size = bits(word, 31, 30), opc = bits(word, 23, 22);
  if (size == 3 && opc == 2) return "not-memory-access";  // PRFM, or nothing.
  if ((size == 3 && opc == 3) || (size == 2 && opc == 3)) return "undefined-instruction";
  access->size = 1 << size;
  access->load = opc != 0;
  access->sign = opc >= 2;
  access->width = size == 3 || opc == 2 ? 64 : 32;
  access->count = 1;
  access->registers[0] = bits(word, 4, 0);
  if (bits(word, 25, 24) == 1) {
    access->offset = (uint64_t)bits(word, 21, 10) << size;
    return NULL;
  }
  if (bits(word, 25, 24) != 0) return "undefined-instruction";
  if (bits(word, 21, 21) == 0) {  // Bits 11:10: 00 unscaled, 01 post-index, 10 unprivileged, 11 pre-index.
    access->offset = PLANTED(9) ? bits(word, 20, 12) : sign_extend(bits(word, 20, 12), 9);  // 9: the offset is taken as unsigned.
    access->post = bits(word, 11, 10) == 1;
    access->writeback = bits(word, 10, 10) == 1;
    return NULL;
  }
  if (bits(word, 11, 10) != 2) return "unsupported-instruction";  // Atomics, and loads with authentication.
  uint32_t option = bits(word, 15, 13), index = bits(word, 20, 16);
  if ((option & 2) == 0) return "undefined-instruction";
  if (index != 31 && (machine->known & 1u << index) == 0) return "missing-register";
  uint64_t value = index == 31 ? 0 : machine->x[index];
  if (option == 2) value = low_bits(value, 32);
  if (option == 6) value = PLANTED(8) ? low_bits(value, 32) : sign_extend(value, 32);  // 8: SXTW taken as UXTW.
  access->offset = value << (bits(word, 12, 12) == 1 ? size : 0);
  return NULL;
}

// Load/store pair: opc 31:30, 101, V 26, mode 24:23, L 22, imm7.
static const char *decode_pair(uint32_t word, struct access *access) {
  uint32_t opc = bits(word, 31, 30), mode = bits(word, 24, 23);
  access->load = bits(word, 22, 22) == 1;
  if (opc == 3 || (opc == 1 && (!access->load || mode == 0))) return "unsupported-instruction";  // STGP and later ones.
  access->size = opc == 2 ? 8 : 4;
  access->sign = opc == 1;
  access->width = opc == 0 ? 32 : 64;
  access->count = 2;
  access->registers[0] = bits(word, 4, 0);
  access->registers[1] = bits(word, 14, 10);
  access->offset = sign_extend(bits(word, 21, 15), 7) * access->size;
  access->post = mode == 1;
  access->writeback = mode == 1 || mode == 3;
  return NULL;
}

static const char *check_operands(const struct access *access) {
  int base = access->base;
  if (PLANTED(13)) return NULL;  // 13: unpredictable operands are emulated.
  for (int i = 0; i < access->count; i++) {
    if (access->writeback && base != 31 && access->registers[i] == base) return "unpredictable";
  }
  if (access->count == 2 && access->load && access->registers[0] == access->registers[1]) return "unpredictable";
  return NULL;
}

// ESR_ELx, DDI 0487 D24.2.40: a data abort by a translation, access flag or permission fault, and nothing else with it.
static bool is_data_abort(uint64_t syndrome) {
  uint32_t class = syndrome >> 26 & 0x3f, status = syndrome & 0x3f;
  bool other = (syndrome & (1 << 10 | 1 << 9 | 1 << 8 | 1 << 7)) != 0;
  return (class == 0x24 || class == 0x25) && !other && ((status >= 4 && status <= 15) || status == 0x29 || status == 0x2b);
}

const char *emulate(struct machine *machine) {
  struct access access = {0};
  uint32_t word = machine->instruction;
  if (machine->user && !PLANTED(19)) return "user-mode";  // 19: user programs may touch devices.
  if (machine->has_syndrome && !is_data_abort(machine->syndrome)) return "not-a-data-abort";
  if (machine->length < 4) return "truncated-instruction";
  access.base = bits(word, 9, 5);
  const char *refusal = "unsupported-instruction";
  if (bits(word, 29, 27) == 7 && bits(word, 26, 26) == 0) refusal = decode_single(machine, word, &access);
  if (bits(word, 29, 27) == 5 && bits(word, 26, 25) == 0) refusal = decode_pair(word, &access);
  if (refusal == NULL) refusal = check_operands(&access);
  if (refusal != NULL) return refusal;
  if ((machine->known & 1u << access.base) == 0 && !PLANTED(15)) return "missing-register";  // 15: it counts as zero.
  uint64_t base = machine->x[access.base];
  if (PLANTED(7) && access.base == 31) base = 0;  // 7: register 31 is the zero register everywhere.
  if (access.base == 31 && base % 16 != 0) return "address-mismatch";
  uint64_t address = access.post && !PLANTED(6) ? base : base + access.offset;  // 6: post-index adds the offset too early.
  for (int i = 0; i < access.count; i++) {
    if (!PLANTED(18) && ((address + i * access.size) & 0xfff) + access.size > 0x1000) return "page-crossing";  // 18: nobody looks.
  }
  bool trusting = PLANTED(6) || PLANTED(7) || PLANTED(8) || PLANTED(9) || PLANTED(14);  // 14: it believes its own address.
  if (machine->has_address && address != machine->gva && !trusting) return "address-mismatch";
  if (machine->direction >= 0 && machine->direction == access.load) return "direction-mismatch";
  uint64_t values[2];
  for (int i = 0; i < access.count; i++) {  // First all that can fail, then the registers.
    int number = access.registers[i];
    if (access.load) {
      if (i >= machine->read_count) return "missing-read";
      values[i] = PLANTED(11) ? machine->reads[i] : low_bits(machine->reads[i], 8 * access.size);  // 11: all that the host sends.
    } else {
      if (number != 31 && (machine->known & 1u << number) == 0 && !PLANTED(15)) return "missing-register";
      values[i] = number == 31 && !PLANTED(17) ? 0 : machine->x[number];     // 17: SP is stored for XZR.
      if (!PLANTED(10)) values[i] = low_bits(values[i], 8 * access.size);  // 10: the whole register goes to the host.
    }
    machine->calls[i] = (struct call){!access.load, machine->gpa + (address - machine->gva) + (PLANTED(5) && !access.load ? 0 : i * access.size), access.size, values[i]};  // 5: STP stores both at the base.
  }
  machine->call_count = access.count;
  if (PLANTED(1) && access.load && access.count == 1 && access.registers[0] == 31) machine->call_count = 0;  // 1: why read for XZR?
  if (access.writeback && !(PLANTED(12) && access.count == 2)) machine->x[access.base] = base + access.offset;  // 12: not for pairs.
  for (int i = 0; access.load && i < access.count; i++) {
    int number = access.registers[i];  // Number 31 is the zero register here.
    if (number == 31) continue;
    uint64_t value = access.sign && !PLANTED(4) ? sign_extend(values[i], 8 * access.size) : values[i];  // 4: the host extends, doesn't it?
    if (!PLANTED(3) || !access.sign) value = PLANTED(11) && !access.sign ? value : low_bits(value, access.width);  // 3: extended to 64 bits.
    if (PLANTED(2) && access.width == 32) value = (machine->x[number] & ~0xffffffffull) | (uint32_t)value;  // 2: the upper half is kept.
    machine->x[number] = value;
    machine->known |= 1u << number;
  }
  if (!PLANTED(16) || !access.writeback) machine->pc += 4;  // 16: forgotten where the base is written back.
  return NULL;
}
