// What Linux offers and Swift's Glibc module cannot call: variadic system calls and function-like macros.
#pragma once
#include <sys/timex.h>
#include <stdint.h>
#include <sys/ioctl.h>
