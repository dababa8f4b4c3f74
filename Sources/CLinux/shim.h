// What Linux offers and Swift's Glibc module does not: variadic system calls, macros, headers it leaves out.
#pragma once
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/dm-ioctl.h>
#include <linux/futex.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <linux/watchdog.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc declares these under _GNU_SOURCE only (spawn.h), which Swift's import of Glibc does not set.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int pipe2(int descriptors[2], int flags);
static const int16_t linux_spawn_setsid = 0x80;

// ioctl(2) with the pointer argument nearly every request takes. Returns -1 and sets errno on failure.
static inline int linux_ioctl(int descriptor, unsigned long request, void *argument) {
    return ioctl(descriptor, request, argument);
}

// Names the calling thread; the kernel keeps the first 15 bytes (PR_SET_NAME in prctl(2)).
static inline void linux_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name);
}

// Lets the calling thread's waits end that late at most, in nanoseconds (PR_SET_TIMERSLACK in prctl(2)).
static inline void linux_set_timer_slack(unsigned long nanoseconds) {
    prctl(PR_SET_TIMERSLACK, nanoseconds);
}

// accept4(2): a connection that closes when another program starts, and whose calls never wait. Returns -1 and sets errno
// on failure.
static inline int linux_accept(int listener) {
    return (int)syscall(SYS_accept4, (long)listener, NULL, NULL, (long)(SOCK_CLOEXEC | SOCK_NONBLOCK));
}

// ioctl_tty(2): how many characters a terminal has in a line, and lines. Returns -1 where it has no size.
static inline int linux_terminal_size(int terminal, int *columns, int *lines) {
    struct winsize size;
    if (ioctl(terminal, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0) return -1;
    *columns = size.ws_col;
    *lines = size.ws_row;
    return 0;
}

// futex(2): waits while the word holds the value, at most until a moment of CLOCK_MONOTONIC; NULL: without limit.
// May return at any time.
static inline void linux_futex_wait(void *word, uint32_t value, const struct timespec *deadline) {
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline, NULL, FUTEX_BITSET_MATCH_ANY);
}

// futex(2): wakes one thread that waits on the word.
static inline void linux_futex_wake(void *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

// Does nothing that often, and tells the processor so.
static inline void linux_pause(uint32_t times) {
    for (uint32_t i = 0; i < times; i++) {
#if defined(__x86_64__)
        __asm__ __volatile__("pause");
#elif defined(__aarch64__)
        // YIELD is a NOP to Cortex-A cores; ISB takes about as long as x86's PAUSE.
        __asm__ __volatile__("isb");
#endif
    }
}

/// Asks the processor to have a cache line ready for writing. Any address will do: a wrong one has no effect.
static inline void linux_prefetch(uintptr_t address) {
    __builtin_prefetch((const void *)address, 1);
}

/// open(2)'s O_DIRECT, whose value differs between architectures; glibc shows it under _GNU_SOURCE only.
static const int linux_o_direct = __O_DIRECT;

// fcntl(2): takes (F_WRLCK) or gives back (F_UNLCK) the lock of a range of bytes for this open file, at once or not at all.
// Locks of open file descriptions are F_OFD_SETLK, 37 on all architectures (asm-generic/fcntl.h in Linux); glibc shows it
// under _GNU_SOURCE only.
static inline int linux_lock(int descriptor, short type, off_t start, off_t length) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(descriptor, 37, &lock);
}

// <linux/fs.h> has these too, but cannot be included beside glibc 2.36's <sys/mount.h>: both declare the same types.
/// Size of a block device in bytes, as a uint64_t.
static const unsigned long linux_blkgetsize64 = _IOR(0x12, 114, size_t);
/// Writes back and drops the kernel's cache of a block device.
static const unsigned long linux_blkflsbuf = _IO(0x12, 97);
/// Reads the partition table anew.
static const unsigned long linux_blkrrpart = _IO(0x12, 95);
/// Stops a removable disk and lets go of the medium (<linux/cdrom.h>; SCSI disks take it as well).
static const unsigned long linux_cdromeject = 0x5309;
/// Grows a mounted ext4 to so many blocks, a uint64_t (Documentation/filesystems/ext4 in Linux; fs/ext4/ext4.h).
static const unsigned long linux_ext4_resize = _IOW('f', 16, uint64_t);

// Tells the kernel a partition's new length in bytes; it may be mounted (BLKPG_RESIZE_PARTITION of <linux/blkpg.h>).
static inline int linux_resize_partition(int disk, int number, long long start, long long length) {
    struct blkpg_partition partition = {.start = start, .length = length, .pno = number};
    struct blkpg_ioctl_arg argument = {
        .op = BLKPG_RESIZE_PARTITION, .datalen = sizeof partition, .data = &partition};
    return ioctl(disk, BLKPG, &argument);
}

// lseek(2) in sparse files; glibc shows them under _GNU_SOURCE only (their values are those of <linux/fs.h>).
static const int linux_seek_data = 3;
static const int linux_seek_hole = 4;

// ioctl(2) numbers that are macros (linux/dm-ioctl.h, linux/watchdog.h).
static const unsigned long linux_dm_create = DM_DEV_CREATE;
static const unsigned long linux_dm_load = DM_TABLE_LOAD;
static const unsigned long linux_dm_suspend = DM_DEV_SUSPEND;
static const unsigned long linux_dm_status = DM_TABLE_STATUS;
static const unsigned long linux_watchdog_set_timeout = WDIOC_SETTIMEOUT;
