/*
 * Names 32-bit instruction words with LLVM's disassembler.
 *
 * Usage: llvm-words TRIPLE FEATURES <WORDS >NAMES
 * stdin: the words, 4 bytes each, little-endian.
 * stdout: for each word the number of its name, 2 bytes, little-endian, 0 where LLVM decodes nothing; then the names from number 1
 * up, each ended by a newline.
 *
 * A name is the mnemonic and the shape of the operands that tells forms apart: the kind of the first register, then `!` for
 * pre-index or `+` for post-index addressing: "ldr w", "ldr x!", "ld1 {+"; of DC and IC the whole first operand: "dc zva". Its numbers depend on the order of the words.
 *
 * cc -O2 llvm-words.c $(llvm-config-19 --cflags) -L$(llvm-config-19 --libdir) -lLLVM-19 -o llvm-words
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

enum { NAMES = 1 << 16, BATCH = 1 << 16, TEXT = 512 };

static char *names[NAMES];
static uint16_t slots[2 * NAMES];
static unsigned count;

static uint16_t number_of(const char *name) {
  uint32_t hash = 2166136261u;
  for (const char *at = name; *at; at++) hash = (hash ^ (unsigned char)*at) * 16777619u;
  unsigned slot = hash % (2 * NAMES);
  while (slots[slot] != 0) {
    if (strcmp(names[slots[slot]], name) == 0) return slots[slot];
    slot = (slot + 1) % (2 * NAMES);
  }
  if (count + 1 == NAMES) {
    fputs("llvm-words: more than 65535 names\n", stderr);
    exit(1);
  }
  names[++count] = strdup(name);
  return slots[slot] = (uint16_t)count;
}

/* Whether the mnemonic is one of the system instructions whose first operand is what they do. */
static int maintenance(const char *start, const char *end) {
  return end - start == 2 && start[1] == 'c' && (start[0] == 'd' || start[0] == 'i');
}

/* The mnemonic, the kind of the first operand, the addressing. */
static void shape(const char *text, char *name) {
  const char *start = name;
  while (isspace((unsigned char)*text)) text++;
  while (*text && !isspace((unsigned char)*text)) *name++ = *text++;
  while (isspace((unsigned char)*text)) text++;
  if (*text != '\0') {
    const int whole = maintenance(start, name);
    *name++ = ' ';
    for (const char *at = text; *at && *at != ',' && (whole || at == text); at++) *name++ = *at;
  }
  const char *close = strrchr(text, ']');
  if (close != NULL && close[1] == '!') *name++ = '!';
  else if (close != NULL && close[1] == ',') *name++ = '+';
  *name = '\0';
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: llvm-words TRIPLE FEATURES <WORDS >NAMES\n", stderr);
    return 2;
  }
  LLVMInitializeAllTargetInfos();
  LLVMInitializeAllTargetMCs();
  LLVMInitializeAllDisassemblers();
  LLVMDisasmContextRef context = LLVMCreateDisasmCPUFeatures(argv[1], "", argv[2], NULL, 0, NULL, NULL);
  if (context == NULL) {
    fprintf(stderr, "llvm-words: LLVM has no disassembler for %s\n", argv[1]);
    return 1;
  }
  static uint8_t words[4 * BATCH];
  static uint16_t numbers[BATCH];
  size_t read;
  while ((read = fread(words, 4, BATCH, stdin)) > 0) {
    for (size_t at = 0; at < read; at++) {
      char text[TEXT];
      char name[TEXT];
      numbers[at] = 0;
      if (LLVMDisasmInstruction(context, words + 4 * at, 4, 0x10000, text, sizeof text) == 4) {
        shape(text, name);
        numbers[at] = number_of(name);
      }
    }
    fwrite(numbers, 2, read, stdout);
  }
  for (unsigned each = 1; each <= count; each++) puts(names[each]);
  LLVMDisasmDispose(context);
  return 0;
}
