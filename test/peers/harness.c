// A harness for `trapline conform`: faults come as JSON lines, outcomes go out as JSON lines. The decoder is yours: see emulate().
// It reads the few shapes that the protocol has; it is no general JSON reader.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "peer.h"

// The value behind a key, from `text` on; NULL if the key is not there.
static const char *find(const char *text, const char *key) {
  char quoted[40];
  snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *at = text == NULL ? NULL : strstr(text, quoted);
  return at == NULL ? NULL : at + strlen(quoted);
}

// An integer "0x…" behind a key.
static bool integer(const char *text, const char *key, uint64_t *value) {
  const char *at = find(text, key);
  if (at == NULL || *at != '"') return false;
  *value = strtoull(at + 1, NULL, 16);
  return true;
}

// Registers by name: general ones x0 to x30 and sp, in the order of their numbers.
static void parse_registers(const char *at, struct machine *machine) {
  while (*at != '}' && (at = strchr(at, '"')) != NULL) {
    char *end;
    int number = at[1] == 'x' ? (int)strtol(at + 2, &end, 10) : strncmp(at + 1, "sp\"", 3) == 0 ? 31 : -1;
    at = strchr(at + 1, '"') + 2;
    if (number >= 0) {
      machine->x[number] = strtoull(at + 1, NULL, 16);
      machine->known |= 1u << number;
    }
    at = strchr(at + 1, '"') + 1;
  }
}

static void parse_fault(const char *line, struct machine *machine) {
  memset(machine, 0, sizeof *machine);
  integer(line, "pc", &machine->pc);
  const char *bytes = find(line, "insn");
  for (bytes = bytes == NULL ? "" : bytes + 1; machine->length < 4 && *bytes != '"' && *bytes != '\0'; bytes += 2) {
    unsigned byte;
    sscanf(bytes, "%2x", &byte);
    machine->instruction |= byte << (8 * machine->length++);
  }
  const char *fault = find(line, "fault");
  machine->has_address = integer(fault, "gva", &machine->gva) & integer(fault, "gpa", &machine->gpa);
  const char *direction = find(fault, "write");
  machine->direction = direction == NULL ? -1 : *direction == 't';
  const char *mode = find(fault, "mode");
  machine->user = mode != NULL && strncmp(mode, "\"user\"", 6) == 0;
  machine->has_syndrome = integer(fault, "esr", &machine->syndrome);
  parse_registers(find(line, "regs") + 1, machine);
  const char *reads = find(line, "reads");
  while (reads != NULL && *reads != ']' && machine->read_count < MAX_CALLS) {
    if (*reads != '"') {
      reads++;
      continue;
    }
    machine->reads[machine->read_count++] = strtoull(reads + 1, NULL, 16);
    reads = strchr(reads + 1, '"') + 1;
  }
}

static void print_outcome(unsigned long index, const struct machine *before, const struct machine *after, const char *refusal) {
  printf("{\"index\":%lu,\"pc\":\"0x%llx\",", index, (unsigned long long)before->pc);
  if (refusal != NULL) {
    printf("\"status\":\"refused\",\"reason\":\"%s\"}\n", refusal);
    return;
  }
  printf("\"status\":\"emulated\",\"calls\":[");
  for (int i = 0; i < after->call_count; i++) {
    const struct call *call = &after->calls[i];
    printf("%s{\"write\":%s,\"gpa\":\"0x%llx\",\"size\":%d,\"value\":\"0x%llx\"}", i == 0 ? "" : ",", call->write ? "true" : "false",
           (unsigned long long)call->gpa, call->size, (unsigned long long)call->value);
  }
  printf("],\"after\":{\"pc\":\"0x%llx\",\"regs\":{", (unsigned long long)after->pc);
  const char *comma = "";
  for (int number = 0; number < 32; number++) {
    bool changed = after->x[number] != before->x[number] || (after->known & ~before->known & 1u << number) != 0;
    if (!changed) continue;
    if (number == 31) printf("%s\"sp\":\"0x%llx\"", comma, (unsigned long long)after->x[number]);
    else printf("%s\"x%d\":\"0x%llx\"", comma, number, (unsigned long long)after->x[number]);
    comma = ",";
  }
  printf("}}}\n");
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  if (getline(&line, &room, stdin) < 0) return 1;  // The header: architecture and guest, which this harness does not need.
  for (unsigned long index = 0; getline(&line, &room, stdin) >= 0; index++) {
    struct machine before, after;
    parse_fault(line, &before);
    after = before;
    const char *refusal = emulate(&after);
    print_outcome(index, &before, &after, refusal);
    fflush(stdout);  // The answer must be out before more input is waited for.
  }
  free(line);
  return 0;
}
