// What the harness hands to a decoder: one fault, and room for what the instruction does.
#include <stdbool.h>
#include <stdint.h>

#define MAX_CALLS 16

// One device access.
struct call {
  bool write;
  uint64_t gpa;
  int size;
  uint64_t value;
};

struct machine {
  uint64_t pc;
  uint32_t instruction;
  int length;      // Bytes of it that were captured, 4 at most.
  uint64_t x[32];  // x0 to x30, sp.
  uint32_t known;  // Bit n: x[n] was captured.
  bool has_address;
  uint64_t gva, gpa;  // What faulted.
  int direction;      // 1 write, 0 read, -1 not told.
  bool user;
  bool has_syndrome;
  uint64_t syndrome;
  uint64_t reads[MAX_CALLS];  // What the device answers.
  int read_count;
  struct call calls[MAX_CALLS];
  int call_count;
};

// Emulates one instruction. NULL: done, and *machine is as the instruction leaves it. Otherwise the reason of the refusal.
const char *emulate(struct machine *machine);
