internal import CLinux
internal import Glibc

/// Starts a process in a session of its own, with no signal blocked and all at their default, standard input from
/// nowhere and output on the console, or nowhere either. fork is not for Swift; posix_spawn(3) does it all.
func spawn(_ arguments: [String], folder: String = "/", environment: [String] = [], isQuiet: Bool = false) -> pid_t? {
    guard let program = arguments.first else { return nil }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | linux_spawn_setsid)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if isQuiet { posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) }
    posix_spawn_file_actions_adddup2(&actions, isQuiet ? 1 : Log.console, 1)
    posix_spawn_file_actions_adddup2(&actions, isQuiet ? 1 : Log.console, 2)
    posix_spawn_file_actions_addchdir_np(&actions, folder)

    let variables = ["PATH=/usr/sbin:/usr/bin", "HOME=/data", "TERM=linux"] + environment
    let argv = arguments.map { strdup($0) } + [nil]
    let envp = variables.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var process: pid_t = 0
    let status = posix_spawn(&process, program, &actions, &attributes, argv, envp)
    guard status == 0 else {
        Log.line("\(program) cannot be started: \(String(cString: strerror(status)))")
        return nil
    }
    return process
}
