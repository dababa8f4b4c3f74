// What a C program does at least, for the figures of hardware-bench.
#pragma once
#include <stdint.h>

// Nanoseconds of `count` transactions that write one byte and read two, or -1 with errno set.
int64_t peer_i2c(const char *path, uint16_t address, int count);

// From now on all of this process runs on the first core; 0, or -1 with errno set.
int peer_use_first_core(void);
