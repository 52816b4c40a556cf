/* A program without an operating system's help, for qemu-user and gdbserver: a block of ordinary memory plays the device. */
#include <stdint.h>

volatile uint32_t device[64] __attribute__((aligned(4096), section(".device"))) = {1};
uint32_t copies[8];

__attribute__((noipa)) void copy(uint32_t *to, const uint32_t *from) {
  for (int i = 0; i < 8; i++) to[i] = from[i];
}

void drive(void) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 4; i++) device[i] = 3 * i + sum;
  for (int i = 0; i < 4; i++) sum += device[i];
  *(volatile uint8_t *)&device[5] = (uint8_t)sum;
  copy(copies, (const uint32_t *)device);
}

/* Long enough for a capture, and not for ever: after it the program runs alone. */
void _start(void) {
  for (uint32_t times = 0; times < 10000000; times++) drive();
  __builtin_trap();
}
