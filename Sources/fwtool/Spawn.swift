import CLinux
import Foundation

/// Starting a program: posix_spawn(3) with no signal blocked and all at their default.
enum Spawn {
    /// - Parameters:
    ///   - words: the program's path and its arguments.
    ///   - directory: its working directory; ours when nil.
    ///   - descriptors: ours, and the numbers under which the program finds them. All others close.
    ///   - ownGroup: in a process group of its own, which a Ctrl-C in the terminal does not reach.
    static func start(
        _ words: [String], directory: String? = nil, environment: [String: String],
        descriptors: [(ours: Int32, theirs: Int32)], ownGroup: Bool = false
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // From a number to the same number: takes away close-on-exec (glibc 2.29).
        for (ours, theirs) in descriptors { posix_spawn_file_actions_adddup2(&actions, ours, theirs) }
        if let directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (ownGroup ? POSIX_SPAWN_SETPGROUP : 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, words[0], &actions, &attributes, arguments, variables)
        guard error == 0 else {
            throw FwtoolError("\(words[0]) cannot be started: \(String(cString: strerror(error)))")
        }
        return process
    }
}
