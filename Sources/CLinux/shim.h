// What Linux offers and Swift's Glibc module does not: variadic system calls, macros, headers it leaves out.
#pragma once
#include <stdint.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <spawn.h>

// glibc declares these two under _GNU_SOURCE only (spawn.h), which Swift's import of Glibc does not set.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
static const int16_t apus_spawn_setsid = 0x80;
