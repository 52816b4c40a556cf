/*
 * Executes vector instructions with a memory operand at [rax] on this processor and prints what they left behind, as a hash.
 *
 * Each input line is "HEX INDEXBITS": the instruction, and 32 or 64 if its memory operand is a VSIB with zmm3 (else 0). Registers and
 * memory before it come from a xorshift64 generator that starts from the FNV-1a hash of HEX, so that the test can make them again:
 * zmm0-zmm3, then k1, then 512 bytes of memory, of which rax holds the address of byte 128; then the indices, from -100 to 179.
 * Each output line is "HEX HASH": FNV-1a (64 bits) of zmm0-zmm3, k1 and the memory afterwards. Instructions that raise a signal are left out.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct state {
  uint8_t vectors[4][64];
  uint64_t mask;
  uint8_t *address;
  void *code;
};

void run(struct state *state);
__asm__(
    ".globl run\n"
    "run:\n"
    "  push %rbx\n"
    "  push %r15\n"
    "  push %rax\n"
    "  mov %rdi, %r15\n"
    "  vmovdqu64 0(%r15), %zmm0\n"
    "  vmovdqu64 64(%r15), %zmm1\n"
    "  vmovdqu64 128(%r15), %zmm2\n"
    "  vmovdqu64 192(%r15), %zmm3\n"
    "  kmovq 256(%r15), %k1\n"
    "  mov 264(%r15), %rax\n"
    "  mov %rax, %rdi\n"
    "  call *272(%r15)\n"
    "  vmovdqu64 %zmm0, 0(%r15)\n"
    "  vmovdqu64 %zmm1, 64(%r15)\n"
    "  vmovdqu64 %zmm2, 128(%r15)\n"
    "  vmovdqu64 %zmm3, 192(%r15)\n"
    "  kmovq %k1, 256(%r15)\n"
    "  vzeroupper\n"
    "  pop %rax\n"
    "  pop %r15\n"
    "  pop %rbx\n"
    "  ret\n");

static sigjmp_buf escape;
static void on_signal(int number) { siglongjmp(escape, number); }

static uint64_t generator;
static uint64_t next(void) {
  generator ^= generator << 13;
  generator ^= generator >> 7;
  generator ^= generator << 17;
  return generator;
}

static uint64_t hash(uint64_t value, const void *bytes, size_t count) {
  for (size_t index = 0; index < count; index++) value = (value ^ ((const uint8_t *)bytes)[index]) * 0x100000001b3u;
  return value;
}

static void fill(void *bytes, size_t count) {
  for (size_t index = 0; index < count / 8; index++) ((uint64_t *)bytes)[index] = next();
}

int main(void) {
  signal(SIGILL, on_signal);
  signal(SIGSEGV, on_signal);
  uint8_t *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint8_t *memory = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char hex[64];
  int bits;
  while (scanf("%63s %d", hex, &bits) == 2) {
    static struct state state;
    size_t length = strlen(hex) / 2;
    for (size_t index = 0; index < length; index++) sscanf(hex + 2 * index, "%2hhx", &code[index]);
    code[length] = 0xc3;
    generator = hash(0xcbf29ce484222325u, hex, strlen(hex));
    fill(state.vectors, sizeof state.vectors);
    fill(&state.mask, 8);
    fill(memory, 512);
    for (int index = 0; bits != 0 && index < 512 / bits; index++) {
      int64_t value = (int64_t)(next() % 280) - 100;
      memcpy(&state.vectors[3][index * bits / 8], &value, bits / 8);
    }
    state.address = memory + 128;
    state.code = code;
    if (sigsetjmp(escape, 1) != 0) continue;
    run(&state);
    uint64_t result = hash(0xcbf29ce484222325u, state.vectors, sizeof state.vectors);
    result = hash(result, &state.mask, 8);
    printf("%s %016llx\n", hex, (unsigned long long)hash(result, memory, 512));
  }
  return 0;
}
