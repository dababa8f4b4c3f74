// What cells (child processes of the same executable) need: starting, waiting, and the crash handler.
#pragma once
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

// glibc declares these under _GNU_SOURCE only (spawn.h, dlfcn.h), which Swift's import of Glibc does not set.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// In every Swift runtime (swift/Demangling/Demangle.h): the text is malloc'ed; NULL when the name is none of Swift's.
char *swift_demangle(const char *mangled, size_t length, char *buffer, size_t *capacity, uint32_t flags);

extern char **environ;

static inline char **linux_environment(void) { return environ; }

// pidfd_open(2): readable when the process has ended. Close-on-exec. Returns -1 and sets errno on failure.
static inline int linux_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, (long)process, 0L); }

// pidfd_send_signal(2): reaches this process or none, never another with its number. Fails when it has ended.
static inline int linux_pidfd_kill(int process) { return (int)syscall(SYS_pidfd_send_signal, (long)process, (long)SIGKILL, NULL, 0L); }

// Linux 5.4; glibc's waitid knows it as P_PIDFD since 2.36.
static const unsigned linux_wait_pidfd = 3;

// How a process ended, of waitid(2): si_status is a macro.
static inline int linux_exit_status(const siginfo_t *info) { return info->si_status; }

// prlimit(2): sets both limits of a resource of another process. Returns -1 and sets errno on failure.
static inline int linux_set_limit(pid_t process, int resource, uint64_t soft, uint64_t hard) {
    uint64_t limits[2] = {soft, hard};
    return (int)syscall(SYS_prlimit64, (long)process, (long)resource, limits, NULL);
}

static const int linux_limit_cpu = RLIMIT_CPU;
static const int linux_limit_data = RLIMIT_DATA;
static const int linux_limit_core = RLIMIT_CORE;
static const int linux_limit_open_files = RLIMIT_NOFILE;

// prctl(2): which signal this process gets when the thread that started it ends.
static inline void linux_set_parent_death_signal(int signal) { prctl(PR_SET_PDEATHSIG, signal); }

// MARK: The crash handler

// More frames than a report needs to show how the program came to where it crashed.
#define LINUX_CRASH_FRAMES 24

// The packet a crashing process sends, followed by others with the tag `memory` and parts of /proc/self/maps.
struct linux_crash {
    uint8_t tag;
    uint8_t signal;
    uint8_t frame_count;
    uint8_t is_memory_tight;
    int32_t code;
    uint64_t address;
    // The first is where it crashed, the others are return addresses.
    uint64_t frames[LINUX_CRASH_FRAMES];
};

// What the handler knows. With an initial value on purpose: Swift's compiler emits no variable of a header without one.
static struct {
    int socket;
    uint8_t crash_tag;
    uint8_t maps_tag;
    uint64_t memory_limit;
    int is_reported;
} linux_crash_state = {-1, 0, 0, 0, 0};

// The frame pointer and program counter of the interrupted code.
static inline void linux_crash_registers(const ucontext_t *context, uint64_t *counter, uint64_t *frame) {
#if defined(__x86_64__)
    // REG_RIP and REG_RBP, which sys/ucontext.h names under _GNU_SOURCE only.
    *counter = (uint64_t)context->uc_mcontext.gregs[16];
    *frame = (uint64_t)context->uc_mcontext.gregs[10];
#elif defined(__aarch64__)
    *counter = context->uc_mcontext.pc;
    *frame = context->uc_mcontext.regs[29];
#else
    *counter = 0;
    *frame = 0;
#endif
}

// Follows the frame pointers. The kernel reads the memory (process_vm_readv(2)), so a wild pointer ends the walk only.
static inline uint8_t linux_crash_walk(const ucontext_t *context, uint64_t *frames) {
    uint64_t frame;
    linux_crash_registers(context, &frames[0], &frame);
    uint8_t count = 1;
    while (count < LINUX_CRASH_FRAMES) {
        // Swift marks the frames of async functions in the top four bits of the saved pointer.
        frame &= 0x0fffffffffffffff;
        uint64_t record[2];
        struct iovec local = {record, sizeof record};
        struct iovec remote = {(void *)frame, sizeof record};
        if (frame == 0 || frame % 8 != 0) break;
        // Longs: a variadic function does not widen what is passed to it.
        if (syscall(SYS_process_vm_readv, (long)getpid(), &local, 1L, &remote, 1L, 0L) != sizeof record) break;
        if (record[1] == 0) break;
        frames[count++] = record[1];
        // The stack grows downwards: callers' frames lie above. An async caller's frame lies anywhere, and is not ours.
        if (record[0] <= frame) break;
        frame = record[0];
    }
    return count;
}

// Pages of writable private memory, the sixth number of /proc/self/statm (proc(5)).
static inline uint64_t linux_crash_data_pages(void) {
    char text[128];
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(file, text, sizeof text);
    close(file);
    uint64_t value = 0;
    int field = 0;
    for (ssize_t index = 0; index < length && field <= 5; index++) {
        if (text[index] == ' ') field++;
        else if (field == 5 && text[index] >= '0' && text[index] <= '9') value = value * 10 + (uint64_t)(text[index] - '0');
    }
    return value;
}

// Async-signal-safe: system calls, and nothing that locks or allocates.
static void linux_crash_handler(int signal, siginfo_t *info, void *context) {
    // One report; a second thread that crashes meanwhile waits for the end.
    if (__atomic_exchange_n(&linux_crash_state.is_reported, 1, __ATOMIC_RELAXED) != 0) {
        for (;;) pause();
    }
    struct linux_crash report;
    memset(&report, 0, sizeof report);
    report.tag = linux_crash_state.crash_tag;
    report.signal = (uint8_t)signal;
    report.code = info->si_code;
    report.address = (uint64_t)info->si_addr;
    report.frame_count = linux_crash_walk((const ucontext_t *)context, report.frames);
    if (linux_crash_state.memory_limit != 0) {
        uint64_t used = linux_crash_data_pages() * (uint64_t)sysconf(_SC_PAGESIZE);
        // Within a sixteenth: what failed to be allocated was larger than what is left.
        report.is_memory_tight = used >= linux_crash_state.memory_limit - linux_crash_state.memory_limit / 16;
    }
    send(linux_crash_state.socket, &report, sizeof report, MSG_NOSIGNAL);

    char maps[4096];
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    ssize_t length;
    maps[0] = (char)linux_crash_state.maps_tag;
    while (file >= 0 && (length = read(file, maps + 1, sizeof maps - 1)) > 0) {
        if (send(linux_crash_state.socket, maps, (size_t)length + 1, MSG_NOSIGNAL) < 0) break;
    }
    // The default action is in place again (SA_RESETHAND), and ends the process as if there were no handler.
    raise(signal);
}

// From now on a crash of this process is told on a socket, whose sends must not block for long, before it ends.
//
// Without a stack of its own, which each thread of Swift's pool would need: of an exhausted stack the signal alone is
// told. A memory limit of 0 is none.
static inline void linux_report_crashes(int socket, uint8_t crash_tag, uint8_t maps_tag, uint64_t memory_limit) {
    static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU};
    linux_crash_state.socket = socket;
    linux_crash_state.crash_tag = crash_tag;
    linux_crash_state.maps_tag = maps_tag;
    linux_crash_state.memory_limit = memory_limit;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = linux_crash_handler;
    action.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER;
    for (size_t index = 0; index < sizeof signals / sizeof signals[0]; index++) {
        sigaction(signals[index], &action, NULL);
    }
}
