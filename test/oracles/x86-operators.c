/*
 * Measures the x86-64 operators of src/model/operation.ts on the processor it runs on, and prints one line a case:
 *
 *   operator width rflags input… = result rflags
 *
 * all numbers but the width in hex, RFLAGS cut to the status flags; a result "#DE" has no flags. Only x86-64 and the extensions BMI1,
 * BMI2, ADX, LZCNT, POPCNT and SSE4.2 are needed. Usage: x86-operators SEED CASES-OF-EACH. See x86-operators.sh.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned __int128 u128;
#define STATUS 0x8d5ul

static uint64_t state;

static uint64_t next(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

static uint64_t cut(uint64_t value, int width) { return width == 64 ? value : value & ((1ull << width) - 1); }

/* Ends of the range and single bits as often as anything. */
static uint64_t operand(int width) {
  switch (next() % 8) {
    case 0: return cut(next() % 3 - 1, width);
    case 1: return cut((1ull << (width - 1)) + next() % 3 - 1, width);
    case 2: return cut(1ull << (next() % width), width);
    case 3: return cut(next(), width) >> (next() % width);
    default: return cut(next(), width);
  }
}

static uint64_t count(int width) { return next() % 4 == 0 ? next() & 0xff : next() % (width + 2); }
static uint64_t status(void) { return next() & STATUS; }

static void print(const char *operator, int width, uint64_t flags, int inputs, const uint64_t *in) {
  printf("%s %d %lx", operator, width, flags);
  for (int i = 0; i < inputs; i++) printf(" %lx", in[i]);
}

static void result(u128 value, uint64_t flags) {
  uint64_t high = value >> 64, low = value;
  if (high) printf(" = %lx%016lx %lx\n", high, low, flags & STATUS);
  else printf(" = %lx %lx\n", low, flags & STATUS);
}

/* RFLAGS goes in and out around one instruction. The red zone is off (x86-operators.sh). */
#define FLAGGED(text) "push %[f]\n\tpopf\n\t" text "\n\tpushf\n\tpop %[f]"

#define TWO(name, type, text, second)                                                             \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[2] = {operand(width), second}, f = status();                                      \
    print(operator, width, f, 2, in);                                                             \
    type d = in[0], s = in[1];                                                                    \
    asm volatile(FLAGGED(text) : [d] "+r"(d), [f] "+r"(f) : [s] "r"(s) : "cc", "memory");          \
    result(d, f);                                                                                 \
  }
#define BY_CL(name, type, text)                                                                   \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[2] = {operand(width), count(width)}, f = status();                                \
    print(operator, width, f, 2, in);                                                             \
    type d = in[0];                                                                               \
    asm volatile(FLAGGED(text) : [d] "+r"(d), [f] "+r"(f) : "c"((uint8_t)in[1]) : "cc", "memory"); \
    result(d, f);                                                                                 \
  }
#define DOUBLE_BY_CL(name, type, text)                                                            \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[3] = {operand(width), operand(width), count(width)}, f = status();                \
    print(operator, width, f, 3, in);                                                             \
    type d = in[0], s = in[1];                                                                    \
    asm volatile(FLAGGED(text) : [d] "+r"(d), [f] "+r"(f) : [s] "r"(s), "c"((uint8_t)in[2]) : "cc", "memory"); \
    result(d, f);                                                                                 \
  }
#define ONE(name, type, text)                                                                     \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[1] = {operand(width)}, f = status();                                              \
    print(operator, width, f, 1, in);                                                             \
    type d = in[0];                                                                               \
    asm volatile(FLAGGED(text) : [d] "+r"(d), [f] "+r"(f) : : "cc", "memory");                     \
    result(d, f);                                                                                 \
  }
/* The destination is another register than the source; scans leave it alone for a source of 0, where the line has 0. */
#define SCAN(name, type, text)                                                                    \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[1] = {operand(width)}, f = status();                                              \
    print(operator, width, f, 1, in);                                                             \
    type d = 0, s = in[0];                                                                        \
    asm volatile(FLAGGED(text) : [d] "+r"(d), [f] "+r"(f) : [s] "r"(s) : "cc", "memory");          \
    result(d, f);                                                                                 \
  }
#define THREE(name, type, text, second)                                                           \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[2] = {operand(width), second}, f = status();                                      \
    print(operator, width, f, 2, in);                                                             \
    type d = 0, a = in[0], b = in[1];                                                             \
    asm volatile(FLAGGED(text) : [d] "+r"(d), [f] "+r"(f) : [a] "r"(a), [b] "r"(b) : "cc", "memory"); \
    result(d, f);                                                                                 \
  }

#define WIDE(name, text8, text)                                                                   \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[2] = {operand(width), operand(width)}, f = status(), low = in[0], high = 0;       \
    print(operator, width, f, 2, in);                                                             \
    switch (width) {                                                                              \
      case 8: asm volatile(FLAGGED(text8 "b %b[s]") : "+a"(low), [f] "+r"(f) : [s] "r"(in[1]) : "cc", "memory"); break; \
      case 16: asm volatile(FLAGGED(text "w %w[s]") : "+a"(low), "+d"(high), [f] "+r"(f) : [s] "r"(in[1]) : "cc", "memory"); break; \
      case 32: asm volatile(FLAGGED(text "l %k[s]") : "+a"(low), "+d"(high), [f] "+r"(f) : [s] "r"(in[1]) : "cc", "memory"); break; \
      default: asm volatile(FLAGGED(text "q %q[s]") : "+a"(low), "+d"(high), [f] "+r"(f) : [s] "r"(in[1]) : "cc", "memory"); \
    }                                                                                             \
    if (width == 8) result(low & 0xffff, f);                                                      \
    else result((u128)cut(high, width) << width | cut(low, width), f);                            \
  }

static sigjmp_buf divided;
static void on_divide(int number) { (void)number; siglongjmp(divided, 1); }

/* Most quotients fit: the high half of the dividend is often below the divisor, or the sign of the low half. */
#define DIVIDE(name, text, is_signed)                                                             \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[3] = {operand(width), operand(width), operand(width)}, f = status();              \
    if (next() % 4) {                                                                             \
      if (!is_signed) in[0] = in[2] ? in[0] % in[2] : 0;                                          \
      else if (next() % 2) in[0] = in[1] >> (width - 1) ? cut(-1, width) : 0;                     \
      else in[0] = cut((uint64_t)((int64_t)(in[2] << (64 - width)) >> (66 - width)), width) >> (in[2] >> (width - 1) ? 0 : next() % 3); \
    }                                                                                             \
    print(operator, width, f, 3, in);                                                             \
    if (sigsetjmp(divided, 1)) { printf(" = #DE\n"); return; }                                    \
    uint64_t low = width == 8 ? in[0] << 8 | in[1] : in[1], high = in[0];                         \
    switch (width) {                                                                              \
      case 8: asm volatile(FLAGGED(text "b %b[s]") : "+a"(low), [f] "+r"(f) : [s] "r"(in[2]) : "cc", "memory"); break; \
      case 16: asm volatile(FLAGGED(text "w %w[s]") : "+a"(low), "+d"(high), [f] "+r"(f) : [s] "r"(in[2]) : "cc", "memory"); break; \
      case 32: asm volatile(FLAGGED(text "l %k[s]") : "+a"(low), "+d"(high), [f] "+r"(f) : [s] "r"(in[2]) : "cc", "memory"); break; \
      default: asm volatile(FLAGGED(text "q %q[s]") : "+a"(low), "+d"(high), [f] "+r"(f) : [s] "r"(in[2]) : "cc", "memory"); \
    }                                                                                             \
    if (width == 8) result(low & 0xffff, f);                                                      \
    else result((u128)cut(high, width) << width | cut(low, width), f);                            \
  }

#define ALL_WIDTHS(macro, name, text, ...)                                                        \
  macro(name##8, uint8_t, text, ##__VA_ARGS__) macro(name##16, uint16_t, text, ##__VA_ARGS__)      \
  macro(name##32, uint32_t, text, ##__VA_ARGS__) macro(name##64, uint64_t, text, ##__VA_ARGS__)
#define FROM_16(macro, name, text, ...)                                                           \
  macro(name##16, uint16_t, text, ##__VA_ARGS__) macro(name##32, uint32_t, text, ##__VA_ARGS__)    \
  macro(name##64, uint64_t, text, ##__VA_ARGS__)
#define FROM_32(macro, name, text, ...)                                                           \
  macro(name##32, uint32_t, text, ##__VA_ARGS__) macro(name##64, uint64_t, text, ##__VA_ARGS__)

ALL_WIDTHS(TWO, add, "add %[s], %[d]", operand(width))
ALL_WIDTHS(TWO, adc, "adc %[s], %[d]", operand(width))
ALL_WIDTHS(TWO, sub, "sub %[s], %[d]", operand(width))
ALL_WIDTHS(TWO, sbb, "sbb %[s], %[d]", operand(width))
ALL_WIDTHS(TWO, and, "and %[s], %[d]", operand(width))
ALL_WIDTHS(TWO, or, "or %[s], %[d]", operand(width))
ALL_WIDTHS(TWO, xor, "xor %[s], %[d]", operand(width))
FROM_32(TWO, adcx, "adcx %[s], %[d]", operand(width))
FROM_32(TWO, adox, "adox %[s], %[d]", operand(width))
ALL_WIDTHS(ONE, inc, "inc %[d]")
ALL_WIDTHS(ONE, dec, "dec %[d]")
ALL_WIDTHS(ONE, neg, "neg %[d]")
ALL_WIDTHS(ONE, not, "not %[d]")
ALL_WIDTHS(BY_CL, shl, "shl %%cl, %[d]")
ALL_WIDTHS(BY_CL, shr, "shr %%cl, %[d]")
ALL_WIDTHS(BY_CL, sar, "sar %%cl, %[d]")
ALL_WIDTHS(BY_CL, rol, "rol %%cl, %[d]")
ALL_WIDTHS(BY_CL, ror, "ror %%cl, %[d]")
ALL_WIDTHS(BY_CL, rcl, "rcl %%cl, %[d]")
ALL_WIDTHS(BY_CL, rcr, "rcr %%cl, %[d]")
FROM_16(DOUBLE_BY_CL, shld, "shld %%cl, %[s], %[d]")
FROM_16(DOUBLE_BY_CL, shrd, "shrd %%cl, %[s], %[d]")
FROM_16(TWO, bt, "bt %[s], %[d]", operand(width))
FROM_16(TWO, bts, "bts %[s], %[d]", operand(width))
FROM_16(TWO, btr, "btr %[s], %[d]", operand(width))
FROM_16(TWO, btc, "btc %[s], %[d]", operand(width))
FROM_16(SCAN, bsf, "bsf %[s], %[d]")
FROM_16(SCAN, bsr, "bsr %[s], %[d]")
FROM_16(SCAN, lzcnt, "lzcnt %[s], %[d]")
FROM_16(SCAN, tzcnt, "tzcnt %[s], %[d]")
FROM_16(SCAN, popcnt, "popcnt %[s], %[d]")
FROM_32(SCAN, blsi, "blsi %[s], %[d]")
FROM_32(SCAN, blsmsk, "blsmsk %[s], %[d]")
FROM_32(SCAN, blsr, "blsr %[s], %[d]")
FROM_32(THREE, andn, "andn %[b], %[a], %[d]", operand(width))
FROM_32(THREE, bextr, "bextr %[b], %[a], %[d]", next() % 4 ? count(width) | count(width) << 8 : operand(width))
FROM_32(THREE, bzhi, "bzhi %[b], %[a], %[d]", next() % 4 ? count(width) : operand(width))
FROM_32(THREE, pdep, "pdep %[b], %[a], %[d]", operand(width))
FROM_32(THREE, pext, "pext %[b], %[a], %[d]", operand(width))
FROM_32(THREE, shlx, "shlx %[b], %[a], %[d]", operand(width))
FROM_32(THREE, shrx, "shrx %[b], %[a], %[d]", operand(width))
FROM_32(THREE, sarx, "sarx %[b], %[a], %[d]", operand(width))
WIDE(mul, "mul", "mul")
WIDE(imul, "imul", "imul")
DIVIDE(divide, "div", 0)
DIVIDE(idivide, "idiv", 1)

/* The two-operand form: its result is the low half, and its flags must be those of the one-operand form. */
FROM_16(TWO, imul_low, "imul %[s], %[d]", operand(width))

/* RORX takes an immediate: a rotation by each of some. */
#define RORX(name, type, amount)                                                                  \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[2] = {operand(width), amount}, f = status();                                      \
    print(operator, width, f, 2, in);                                                             \
    type d, s = in[0];                                                                            \
    asm volatile(FLAGGED("rorx $" #amount ", %[s], %[d]") : [d] "=&r"(d), [f] "+r"(f) : [s] "r"(s) : "cc", "memory"); \
    result(d, f);                                                                                 \
  }
RORX(rorx32_7, uint32_t, 7) RORX(rorx32_0, uint32_t, 0) RORX(rorx64_45, uint64_t, 45)

#define MULX(name, type)                                                                          \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[2] = {operand(width), operand(width)}, f = status();                              \
    print(operator, width, f, 2, in);                                                             \
    type low, high, s = in[1];                                                                    \
    asm volatile(FLAGGED("mulx %[s], %[l], %[h]") : [l] "=&r"(low), [h] "=&r"(high), [f] "+r"(f) : [s] "r"(s), "d"((type)in[0]) : "cc", "memory"); \
    result((u128)high << width | low, f);                                                         \
  }
MULX(mulx32, uint32_t) MULX(mulx64, uint64_t)

#define CRC(name, type, text)                                                                     \
  static void name(const char *operator, int width) {                                             \
    uint64_t in[2] = {operand(32), operand(width)}, f = status(), d = in[0];                      \
    print(operator, width, f, 2, in);                                                             \
    type s = in[1];                                                                               \
    asm volatile(FLAGGED(text) : [d] "+r"(d), [f] "+r"(f) : [s] "r"(s) : "cc", "memory");          \
    result(d, f);                                                                                 \
  }
CRC(crc8, uint8_t, "crc32b %[s], %k[d]") CRC(crc16, uint16_t, "crc32w %[s], %k[d]")
CRC(crc32, uint32_t, "crc32l %[s], %k[d]") CRC(crc64, uint64_t, "crc32q %[s], %q[d]")

#define SET(code, text)                                                                           \
  static void set##code(const char *operator, int width) {                                        \
    uint64_t in[1] = {code}, f = status();                                                        \
    print(operator, width, f, 1, in);                                                             \
    uint8_t d;                                                                                    \
    asm volatile(FLAGGED("set" text " %[d]") : [d] "=&r"(d), [f] "+r"(f) : : "cc", "memory");      \
    result(d, f);                                                                                 \
  }
SET(0, "o") SET(1, "no") SET(2, "b") SET(3, "ae") SET(4, "e") SET(5, "ne") SET(6, "be") SET(7, "a")
SET(8, "s") SET(9, "ns") SET(10, "p") SET(11, "np") SET(12, "l") SET(13, "ge") SET(14, "le") SET(15, "g")

struct row { const char *operator; int width; void (*measure)(const char *, int); };
#define ROWS_8(operator, name) {operator, 8, name##8}, ROWS_16(operator, name)
#define ROWS_16(operator, name) {operator, 16, name##16}, ROWS_32(operator, name)
#define ROWS_32(operator, name) {operator, 32, name##32}, {operator, 64, name##64}
#define ROWS_SAME(operator, name) {operator, 8, name}, {operator, 16, name}, {operator, 32, name}, {operator, 64, name}

static const struct row rows[] = {
  ROWS_8("x86-add", add), ROWS_8("x86-adc", adc), ROWS_8("x86-sub", sub), ROWS_8("x86-sbb", sbb),
  ROWS_8("x86-and", and), ROWS_8("x86-or", or), ROWS_8("x86-xor", xor), ROWS_32("x86-adcx", adcx), ROWS_32("x86-adox", adox),
  ROWS_8("x86-inc", inc), ROWS_8("x86-dec", dec), ROWS_8("x86-neg", neg), ROWS_8("not", not),
  ROWS_8("x86-shl", shl), ROWS_8("x86-shr", shr), ROWS_8("x86-sar", sar),
  ROWS_8("x86-rol", rol), ROWS_8("x86-ror", ror), ROWS_8("x86-rcl", rcl), ROWS_8("x86-rcr", rcr),
  ROWS_16("x86-shld", shld), ROWS_16("x86-shrd", shrd),
  ROWS_SAME("x86-mul", mul), ROWS_SAME("x86-imul", imul), ROWS_16("x86-imul", imul_low),
  ROWS_SAME("x86-div", divide), ROWS_SAME("x86-idiv", idivide),
  ROWS_16("x86-bt", bt), ROWS_16("x86-bts", bts), ROWS_16("x86-btr", btr), ROWS_16("x86-btc", btc),
  ROWS_16("x86-bsf", bsf), ROWS_16("x86-bsr", bsr), ROWS_16("x86-lzcnt", lzcnt), ROWS_16("x86-tzcnt", tzcnt),
  ROWS_16("x86-popcnt", popcnt), ROWS_32("x86-andn", andn), ROWS_32("x86-bextr", bextr), ROWS_32("x86-bzhi", bzhi),
  ROWS_32("x86-blsi", blsi), ROWS_32("x86-blsmsk", blsmsk), ROWS_32("x86-blsr", blsr),
  ROWS_32("deposit-bits", pdep), ROWS_32("extract-bits", pext),
  ROWS_32("shift-left", shlx), ROWS_32("shift-right", shrx), ROWS_32("shift-right-arithmetic", sarx),
  {"rotate-right", 32, rorx32_7}, {"rotate-right", 32, rorx32_0}, {"rotate-right", 64, rorx64_45},
  ROWS_32("multiply", mulx),
  {"crc32c", 8, crc8}, {"crc32c", 16, crc16}, {"crc32c", 32, crc32}, {"crc32c", 64, crc64},
#define CONDITION(code) {"x86-condition", 8, set##code}
  CONDITION(0), CONDITION(1), CONDITION(2), CONDITION(3), CONDITION(4), CONDITION(5), CONDITION(6), CONDITION(7),
  CONDITION(8), CONDITION(9), CONDITION(10), CONDITION(11), CONDITION(12), CONDITION(13), CONDITION(14), CONDITION(15),
};

int main(int arguments, char **argument) {
  if (arguments != 3) {
    fprintf(stderr, "usage: x86-operators SEED CASES-OF-EACH\n");
    return 2;
  }
  state = strtoull(argument[1], NULL, 0);
  int cases = atoi(argument[2]);
  signal(SIGFPE, on_divide);
  for (unsigned row = 0; row < sizeof rows / sizeof rows[0]; row++)
    for (int each = 0; each < cases; each++) rows[row].measure(rows[row].operator, rows[row].width);
  return 0;
}
