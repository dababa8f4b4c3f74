// What Linux offers and Swift's Glibc module cannot call: variadic system calls and function-like macros.
#pragma once
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

// ioctl(2) with the pointer argument nearly every request takes. Returns -1 and sets errno on failure.
static inline int linux_ioctl(int descriptor, unsigned long request, void *argument) {
    return ioctl(descriptor, request, argument);
}

// Names the calling thread; the kernel keeps the first 15 bytes (PR_SET_NAME in prctl(2)).
static inline void linux_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name);
}
